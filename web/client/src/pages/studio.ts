import StudioScreen from "../studio/StudioScreen.vue";
import { mount } from "../ui/mount";

mount(StudioScreen);
void import("../ui/font");
