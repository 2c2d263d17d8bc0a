import { onUnmounted } from "vue";
import { type LocationQueryRaw, onBeforeRouteLeave, useRouter } from "vue-router";

/** useAmend writes a page's view into its address, without a step in the history. Who is on the way to another page, which may take a while to load, is not called back by it. */
export function useAmend(): (query: LocationQueryRaw) => void {
  const router = useRouter();
  let leaving = false;
  const stay = () => {
    leaving = false;
  };
  onBeforeRouteLeave(() => {
    leaving = true;
  });
  onUnmounted(router.afterEach(stay));
  onUnmounted(router.onError(stay));
  return (query) => {
    if (!leaving) void router.replace({ query });
  };
}
