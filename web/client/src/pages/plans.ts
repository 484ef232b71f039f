import PlansScreen from "../plans/PlansScreen.vue";
import { mount } from "../ui/mount";

mount(PlansScreen);
void import("../ui/font");
