import BoardScreen from "../board/BoardScreen.vue";
import WallScreen from "../board/WallScreen.vue";
import { boot } from "../boot";
import { mount } from "../ui/mount";

const onWall = boot().page === "wall" || new URLSearchParams(location.search).has("wall");
mount(onWall ? WallScreen : BoardScreen);
void import("../ui/font");
