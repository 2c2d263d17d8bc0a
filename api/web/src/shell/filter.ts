import { type Ref, ref, watch } from "vue";
import { type LocationQueryRaw, useRoute, useRouter } from "vue-router";

/** useFilter keeps a page's filter in its address: what is asked for follows the address, back and forth. */
export function useFilter<F>(page: string, read: (query: Record<string, unknown>) => F, write: (f: F) => LocationQueryRaw, load: (f: F) => Promise<void>) {
  const route = useRoute();
  const router = useRouter();
  const filter = ref(read(route.query)) as Ref<F>;
  watch(() => route.query, (q) => {
    if (route.name !== page) return;
    filter.value = read(q);
    void load(filter.value);
  }, { immediate: true });

  /** go asks for what a filter wants, and again where the address holds it already. */
  async function go(f: F) {
    filter.value = f;
    const query = write(f);
    if (JSON.stringify(query) === JSON.stringify(write(read(route.query)))) await load(f);
    else await router.push({ query });
  }
  return { filter, go };
}
