/** The styles that every page begins with; system Chinese fonts first, ours where there is none. */
import "@fontsource-variable/noto-sans-sc/index.css";
import "./tokens.css";
import "./base.css";
