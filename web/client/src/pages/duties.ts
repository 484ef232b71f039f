import "../duties/look.css";
import DutiesScreen from "../duties/DutiesScreen.vue";
import { mount } from "../ui/mount";

mount(DutiesScreen);
void import("../ui/font");
