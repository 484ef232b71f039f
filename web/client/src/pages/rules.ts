import RulesScreen from "../rules/RulesScreen.vue";
import { mount } from "../ui/mount";

mount(RulesScreen);
void import("../ui/font");
