import { reactive, readonly } from "vue";

export interface Notice {
  id: number;
  text: string;
  bad: boolean;
  action?: { text: string; run(): void };
}

const list = reactive<Notice[]>([]);
let last = 0;

/** notices are short messages that go away by themselves. */
export const notices = readonly(list) as readonly Notice[];

export function notify(text: string, options: { bad?: boolean; action?: Notice["action"] } = {}) {
  const id = ++last;
  list.push({ id, text, bad: options.bad ?? false, action: options.action });
  window.setTimeout(() => dismiss(id), options.bad || options.action ? 10_000 : 4000);
}

export function dismiss(id: number) {
  const i = list.findIndex((n) => n.id === id);
  if (i >= 0) list.splice(i, 1);
}
