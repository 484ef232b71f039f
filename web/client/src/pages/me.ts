import "../me/look.css";
import { applyLook } from "../me/look";
import MineScreen from "../me/MineScreen.vue";
import { mount } from "../ui/mount";

applyLook();
mount(MineScreen);
