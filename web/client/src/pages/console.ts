import ConsoleScreen from "../console/ConsoleScreen.vue";
import { mount } from "../ui/mount";

mount(ConsoleScreen);
void import("../ui/font");
