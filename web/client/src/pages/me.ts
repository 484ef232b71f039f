import MineScreen from "../me/MineScreen.vue";
import { mount } from "../ui/mount";

mount(MineScreen);
