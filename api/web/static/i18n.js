// Words of the page: Chinese first, English second.

const zh = {
  title: "黔哨 · 摄像头录像", subtitle: "摄像头录像", skip: "跳到画面", local: "未启用账号 · 仅限本机", localWhy: "服务器以 --no-auth 启动：本机任何人都能看全部录像，只供试用。",
  signOut: "退出登录",
  me: "我的账号",
  other: "English", cameras: "摄像头", search: "搜索", searchHint: "名称、编号、运营商", stateFilter: "状态", allStates: "全部状态", removedToo: "含已移除",
  pick: "选择一个摄像头", pickMore: "点开就看实时画面；在时间轴上点一下，从那一刻开始回放。", back: "‹ 返回列表", clock: "画面时间",
  goLive: "实时", minus: "后退 10 秒", plus: "前进 10 秒", s: "秒", pause: "暂停", play: "播放", speed: "速度", sound: "声音",
  timeline: "时间轴", prevDay: "‹ 前一天", nextDay: "后一天 ›", today: "今天", date: "日期", zoomIn: "放大", zoomOut: "缩小", allDay: "全天",
  footage: "有录像", gap: "录像缺失", nothing: "未到时间或未接入", zone: "时间均为北京时间（+08:00）",
  download: "下载片段", from: "从", to: "到", markIn: "标记起点 (I)", markOut: "标记终点 (O)", save: "下载 MP4 原始片段", keys: "键盘",
  keysText: "空格 播放/暂停 · J/L 后退/前进 10 秒 · ←/→ 逐帧（暂停时） · I/O 标记起点/终点 · E 下载 · G 到某一时刻 · R 实时 · 在时间轴上：←/→ 移动 10 秒，Shift 1 分钟，PageUp/PageDown 10 分钟，回车回放",
  state: { streaming: "录像中", degraded: "有丢包", connecting: "连接中", awaiting: "等待推流", stalled: "画面停滞", waiting: "等待处理", paused: "已暂停", unassigned: "未工作", removed: "已移除" },
  cause: {
    consent_withdrawn: "已退出授权", expired: "已到期删除", paused: "已暂停", spool_lost: "本地缓存丢失", spool_full: "本地缓存已满",
    no_capacity: "处理能力不足", node_down: "服务器停机", upload_pending: "等待上传", clock_uncertain: "时钟不确定", auth_failed: "用户名或密码错误",
    camera_busy: "摄像头连接数已满", bad_stream: "码流错误", packet_loss: "网络丢包", stalled: "画面停滞", camera_offline: "摄像头离线", unknown: "原因不明",
  },
  fix: {
    auth_failed: "请更正用户名和密码后重新导入。", camera_offline: "请检查供电和网络。", camera_busy: "请关闭其他正在观看的客户端。",
    bad_stream: "请检查摄像头的编码设置。", spool_full: "请释放磁盘空间或恢复存储。", stalled: "请检查摄像头和线路。", packet_loss: "请检查线路质量，或改用 TCP。",
  },
  since: (t) => `自 ${t}`, offset: (s) => `摄像头时差 ${s}`, second: (n) => `${n} 秒`,
  loading: "正在载入…", count: (n, ok) => `${n} 个，${ok} 个录像中`, more: (n) => `只显示前 ${n} 个。请输入更多字以缩小范围。`,
  noCameras: "还没有摄像头。", noCamerasNext: "用 qianshao import 导入清单，或用 qianshao camera add 添加一个；这里会自动出现。",
  noMatch: "没有符合条件的摄像头。", clear: "清除条件", listFailed: "无法载入摄像头列表。", retry: "重试",
  offline: "与服务器的连接中断，正在重试。若一直如此，请确认 qianshao 正在运行。",
  modeLive: "实时", modePlay: "回放", modePictures: "图片（非连续）", modeSub: "实时（子码流）",
  liveWait: "正在等待关键帧…", liveAgain: "画面中断，正在重新连接…", liveNone: "暂时没有实时画面", liveNoneNext: "可以在时间轴上回放以前的录像。",
  livePaused: "实时画面已暂停。",
  noCodec: (c) => `此浏览器不能播放 ${c}`, noCodecNext: "改为显示关键帧图片。完整画面请下载片段，用 VLC 等播放器打开。",
  noPictures: "无法生成图片", playFailed: "无法播放这一段", playFailedNext: "请下载片段，用 VLC 等播放器打开。",
  inGap: (c) => `此刻没有录像：${c}`, notYet: "此刻还没有录像。", goBefore: (t) => `看之前的录像（至 ${t}）`, goAfter: (t) => `看之后的录像（${t} 起）`,
  gapAhead: (t, c) => `录像在 ${t} 中断：${c}`, goOn: (t) => `从 ${t} 继续`, caughtUp: "已看到最新录像。", toLive: "看实时画面", noneEver: "此摄像头还没有录像。", noneEverNext: "请查看摄像头状态。",
  unit: { h: "小时", m: "分", s: "秒" }, covered: (d) => `有录像 ${d}`, gapsSum: (n, d) => `缺失 ${n} 段，共 ${d}`, noGaps: "没有缺失",
  timelineFailed: "无法载入时间轴", nothingHere: "未到时间或未接入", needMarks: "填写起止时间，或在回放时按 I 和 O 标记。", badTime: "时间格式：09:00:00", badOrder: "终点要晚于起点。",
  length: (d) => `长度 ${d}。`, hasGaps: (n, d) => `其中有 ${n} 处缺失，共 ${d}：片段中画面会停住，时间不变。`, noneThere: "这一段没有录像。", checking: "正在准备…", started: "已开始下载。", goTo: "到哪一时刻？（如 09:05:00）",
  workbench: "查证", register: "调用登记",
  cases: "案件", case: "案件", caseNone: "没有进行中的案件。", caseOpen: "立案或紧急调阅", caseNeeded: "要看录像，先要有一个案件。", caseNeededNext: "请在“案件”页立案，或紧急调阅。",
  emergency: "紧急调阅",
  timelineLabel: "当天时间轴", isGap: (c) => `录像缺失：${c}`,
};

const en = {
  title: "Qianshao · camera footage", subtitle: "camera footage", skip: "Skip to the picture", local: "no accounts · this machine only", localWhy: "The server runs with --no-auth: anybody on this machine may see all footage. For trying things out.",
  signOut: "Sign out",
  me: "My account",
  other: "中文", cameras: "Cameras", search: "Search", searchHint: "name, device, carrier", stateFilter: "State", allStates: "all states", removedToo: "with removed",
  pick: "Choose a camera", pickMore: "It opens live; click the timeline to play from that moment.", back: "‹ Cameras", clock: "Time of the picture",
  goLive: "Live", minus: "Back 10 seconds", plus: "On 10 seconds", s: "s", pause: "Pause", play: "Play", speed: "Speed", sound: "Sound",
  timeline: "Timeline", prevDay: "‹ Day before", nextDay: "Day after ›", today: "Today", date: "Date", zoomIn: "Zoom in", zoomOut: "Zoom out", allDay: "Whole day",
  footage: "footage", gap: "no footage", nothing: "not yet, or not enrolled", zone: "All times are Beijing time (+08:00)",
  download: "Download a clip", from: "From", to: "To", markIn: "Mark in (I)", markOut: "Mark out (O)", save: "Download original MP4", keys: "Keyboard",
  keysText: "Space play/pause · J/L back/on 10 s · ←/→ a frame (paused) · I/O mark in/out · E download · G go to a time · R live · on the timeline: ←/→ 10 s, Shift 1 min, PageUp/PageDown 10 min, Enter plays",
  state: { streaming: "recording", degraded: "losing packets", connecting: "connecting", awaiting: "awaiting camera", stalled: "stalled", waiting: "needs attention", paused: "paused", unassigned: "idle", removed: "removed" },
  cause: {
    consent_withdrawn: "consent withdrawn", expired: "expired and deleted", paused: "paused", spool_lost: "local buffer lost", spool_full: "local buffer full",
    no_capacity: "not enough capacity", node_down: "server was down", upload_pending: "upload pending", clock_uncertain: "clock uncertain", auth_failed: "wrong user name or password",
    camera_busy: "camera has no free connection", bad_stream: "bad stream", packet_loss: "packet loss", stalled: "picture stalled", camera_offline: "camera offline", unknown: "cause unknown",
  },
  fix: {
    auth_failed: "Correct user name and password, and import again.", camera_offline: "Check its power and network.", camera_busy: "Close other clients that watch it.",
    bad_stream: "Check the camera's encoder settings.", spool_full: "Free disk space, or bring the store back.", stalled: "Check camera and line.", packet_loss: "Check the line, or use TCP.",
  },
  since: (t) => `since ${t}`, offset: (s) => `camera clock ${s}`, second: (n) => `${n} s`,
  loading: "Loading…", count: (n, ok) => `${n}, ${ok} recording`, more: (n) => `Only the first ${n} are shown. Type more to narrow them down.`,
  noCameras: "There are no cameras yet.", noCamerasNext: "Import a list with qianshao import, or add one with qianshao camera add; it will appear here.",
  noMatch: "No camera matches.", clear: "Clear", listFailed: "The list of cameras could not be loaded.", retry: "Try again",
  offline: "The connection to the server is lost; trying again. If it stays so, check that qianshao is running.",
  modeLive: "Live", modePlay: "Recording", modePictures: "Pictures (not continuous)", modeSub: "Live (sub-stream)",
  liveWait: "Waiting for a key frame…", liveAgain: "The picture broke off; connecting again…", liveNone: "There is no live picture now", liveNoneNext: "Earlier footage can be played from the timeline.",
  livePaused: "The live picture is paused.",
  noCodec: (c) => `This browser cannot play ${c}`, noCodecNext: "Key frames are shown as pictures. For the full footage download a clip and open it in a player such as VLC.",
  noPictures: "No picture can be made", playFailed: "This part cannot be played", playFailedNext: "Download a clip and open it in a player such as VLC.",
  inGap: (c) => `No footage at this moment: ${c}`, notYet: "There is no footage of this moment yet.", goBefore: (t) => `Footage before (to ${t})`, goAfter: (t) => `Footage after (from ${t})`,
  gapAhead: (t, c) => `The footage breaks off at ${t}: ${c}`, goOn: (t) => `Go on at ${t}`, caughtUp: "This is the newest footage.", toLive: "Watch live", noneEver: "This camera has no footage yet.", noneEverNext: "Look at its state.",
  unit: { h: "h", m: "min", s: "s" }, covered: (d) => `footage ${d}`, gapsSum: (n, d) => `${n} gaps, ${d} together`, noGaps: "no gaps",
  timelineFailed: "The timeline could not be loaded", nothingHere: "not yet, or not enrolled", needMarks: "Type from and to, or press I and O while playing.", badTime: "Write the time as 09:00:00", badOrder: "The end must be after the start.",
  length: (d) => `Length ${d}.`, hasGaps: (n, d) => `It has ${n} gaps, ${d} together: the picture stands still there, the time stays right.`, noneThere: "There is no footage in this part.", checking: "Preparing…", started: "The download has begun.", goTo: "Go to which time? (for example 09:05:00)",
  workbench: "Search", register: "Access register",
  cases: "Cases", case: "Case", caseNone: "No case is open.", caseOpen: "Open one, or an emergency", caseNeeded: "Footage is seen for a case, and none is open.", caseNeededNext: "Open one on the page of cases, or an emergency.",
  emergency: "Emergency",
  timelineLabel: "Timeline of the day", isGap: (c) => `no footage: ${c}`,
};

const remembered = "qianshao.language"; // by the workbench, too
const saved = (() => { try { return localStorage.getItem(remembered); } catch { return null; } })();
export let lang = saved === "en" ? "en" : "zh";

/** t finds a text; functions are called with the arguments. */
export function t(key, ...args) {
  let v = lang === "en" ? en : zh;
  for (const part of key.split(".")) v = v && v[part];
  return typeof v === "function" ? v(...args) : v === undefined ? key : v;
}

/** word is t for a key that may be missing: then the name itself. */
export const word = (table, name) => {
  const v = t(`${table}.${name}`);
  return v === `${table}.${name}` ? name : v;
};

/** duration writes a length of time in words, to the second. */
export function duration(ms) {
  const s = Math.round(ms / 1000), sep = lang === "en" ? " " : " ";
  const parts = [[Math.floor(s / 3600), "h"], [Math.floor(s / 60) % 60, "m"], [s % 60, "s"]].filter(([n]) => n > 0).slice(0, 2);
  return (parts.length ? parts : [[0, "s"]]).map(([n, u]) => n + sep + t("unit." + u)).join(" ");
}

/** apply puts the words into the page. */
export function apply() {
  document.documentElement.lang = lang === "en" ? "en" : "zh-CN";
  document.title = t("title");
  for (const el of document.querySelectorAll("[data-t]")) el.textContent = t(el.dataset.t);
  for (const el of document.querySelectorAll("[data-t-title]")) el.title = t(el.dataset.tTitle);
  for (const el of document.querySelectorAll("[data-t-label]")) el.setAttribute("aria-label", t(el.dataset.tLabel));
  for (const el of document.querySelectorAll("[data-t-placeholder]")) el.placeholder = t(el.dataset.tPlaceholder);
}

export function toggle() {
  lang = lang === "en" ? "zh" : "en";
  try { localStorage.setItem(remembered, lang === "en" ? "en" : "zh-CN"); } catch { /* private window: the choice lasts as long as the page */ }
  apply();
}
