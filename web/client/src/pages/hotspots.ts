import HotspotScreen from "../hotspots/HotspotScreen.vue";
import WallScreen from "../hotspots/WallScreen.vue";
import { mount } from "../ui/mount";

mount(new URLSearchParams(location.search).get("wall") === "1" ? WallScreen : HotspotScreen);
void import("../ui/font");
