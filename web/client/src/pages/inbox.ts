import InboxScreen from "../plans/InboxScreen.vue";
import { mount } from "../ui/mount";

mount(InboxScreen);
void import("../ui/font");
