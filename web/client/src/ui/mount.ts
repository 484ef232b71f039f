/** Put a screen into the shell; the function that comes back takes it down. */
import { createApp, type Component } from "vue";

import "./styles";

export function mount(screen: Component): () => void {
  const app = createApp(screen);
  app.mount("#app");
  return () => app.unmount();
}
