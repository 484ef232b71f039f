import PublicationsScreen from "../history/PublicationsScreen.vue";
import { mount } from "../ui/mount";

mount(PublicationsScreen);
void import("../ui/font");
