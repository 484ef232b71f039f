import HotspotScreen from "../hotspots/HotspotScreen.vue";
import { mount } from "../ui/mount";

mount(HotspotScreen);
void import("../ui/font");
