import DeskScreen from "../incidents/DeskScreen.vue";
import { mount } from "../ui/mount";

mount(DeskScreen);
void import("../ui/font");
