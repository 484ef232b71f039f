import ImportsScreen from "../imports/ImportsScreen.vue";
import { mount } from "../ui/mount";

mount(ImportsScreen);
void import("../ui/font");
