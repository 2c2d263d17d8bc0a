import "./polyfill";
import "./style.css";
import { createApp } from "vue";
import App from "./shell/App.vue";
import { i18n, speak } from "./i18n";
import { router } from "./router";

speak(i18n.global.locale.value);
createApp(App).use(i18n).use(router).mount("#app");
