/**
 * Our own Chinese font, last in the stack: its slices load only for characters that no font of the
 * system has. Phones always have one, so the phone page does without these rules.
 */
import "@fontsource-variable/noto-sans-sc/index.css";
