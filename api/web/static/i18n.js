// Words of the page: Chinese first, English second.

const zh = {
  title: "黔哨 · 摄像头录像", subtitle: "摄像头录像", skip: "跳到画面", local: "未启用账号 · 仅限本机", localWhy: "服务器以 --no-auth 启动：本机任何人都能看全部录像，只供试用。",
  signIn: "登录", signOut: "退出登录", login: "登录名", password: "密码", code: "验证码（6 位）", codeHint: "请输入验证器应用显示的 6 位数字。",
  setPassword: "设置密码", setUp: "创建第一个管理员", passwordAgain: "再输入一次密码", passwordRule: "至少 10 个字符，三个词就好。", yourName: "姓名", passwordsDiffer: "两次输入的密码不一样。",
  linkWhat: "这是一次性链接：设好密码后即失效。", signInFailed: "无法登录。",
  ownCameras: "我家的摄像头", ownWhat: "谁看过这里的录像：单位、时间、案由类别。案件结束后显示，最晚 30 天。", ownNone: "没有登记在你名下的摄像头。", ownUnseen: "还没有人看过。", ownLater: (n) => `另有 ${n} 次，案件结束后显示。`, ownSpan: (a, b) => `看了 ${a} 至 ${b} 的录像`,
  throughDirectory: "通过单位统一身份认证登录",
  signInFailures: {
    directory_away: "统一身份认证暂时无法使用，请稍后再试，或用本系统账号登录。", directory_stale: "登录超时，或不是从这里开始的，请重新登录。", directory_refused: "统一身份认证没有通过。",
    directory_no_role: "你所在的组在本系统没有角色，请联系管理员。", directory_closed: "你的账号已停用，请联系管理员。", directory_taken: "登录名已被另一个账号占用，请联系管理员。",
    directory_bad: "统一身份认证给出的资料不完整，请联系管理员。", directory_unit: "你的单位尚未建立，请联系管理员。", directory_failed: "登录失败，请联系管理员。",
  },
  me: "我的账号", changePassword: "修改密码", oldPassword: "当前密码", newPassword: "新密码", changed: "密码已修改，其他地方的登录已失效。", changeFailed: "未能完成。",
  factor: "第二重验证", secondOn: "已启用：登录时要输入验证器应用的 6 位数字。手机丢失请找管理员。", secondOff: "未启用。启用后，登录时除密码外还要输入验证器应用的 6 位数字。",
  secondNew: "启用", secondAgain: "更换手机", secondScan: "用验证器应用扫描，再输入它显示的 6 位数字：", secondConfirm: "确认", secondDone: "已启用。",
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
  workbench: "查证", register: "调用登记", toCameras: "摄像头", registerWhat: "谁在何时看了哪些录像。先登记，后出画面；登记写不进去，就不出画面。",
  registerKind: "类别", registerCamera: "摄像头", registerViewing: "调阅编号", registerCase: "案件与事由", registerShow: "查询", registerCSV: "下载表格 CSV", registerVerify: "校验登记",
  registerAt: "登记时间", registerWho: "何人", registerAct: "操作", registerFootage: "录像时段", registerTotals: "合计", registerSeq: "序号", registerMore: "更早的",
  registerAll: "全部", registerNone: "没有符合条件的登记。", registerFailed: "无法读取登记。", registerDamaged: (n) => `有 ${n} 行不是完整的登记，请点“校验登记”。`,
  registerOperator: "本机命令", registerOnward: "持续", registerSent: (n, mb) => `${n} 次请求，${mb} MB`, registerVerifying: "正在校验…",
  registerIntact: (c, n, s, h) => `${c}：${n} 条登记完好${s ? `，存储中有副本至第 ${s} 条` : ""}。末条校验值 ${h}`,
  registerBroken: (c, n, w, d) => `${c}：第 ${n} 条${w}。${d}`,
  registerKinds: { viewing_open: "调阅开始", viewing_more: "调阅增加", viewing_close: "调阅结束", admin: "管理操作", start: "服务器启动", pruned: "到期清理" },
  registerActs: {
    footage_read: "回放或下载", picture_read: "看图片", live_watch: "看实时", footage_find: "按地点查找", camera_import: "导入摄像头", camera_remove: "移除摄像头",
    "camera_push-key": "发放推流密钥", retention_confirm: "确认到期删除", "safe-mode_end": "解除安全模式", settings_reload: "重读设置", secret_rotate: "更换密钥",
    session_begin: "登录", account_add: "新建账号", account_import: "导入账号", account_link: "发放一次性链接", account_close: "停用账号", account_open: "恢复账号",
    account_password: "设置密码", "account_second-factor": "启用第二重验证", "account_forget-phone": "停用第二重验证", unit_put: "设置单位", token_issue: "发放令牌", token_revoke: "吊销令牌",
    case_open: "立案", emergency_open: "紧急调阅", case_members: "案件人员", case_approve: "审批同意", case_refuse: "审批不同意", case_adopt: "紧急调阅转案件", case_grow: "路径扩展", case_close: "结束案件", case_review: "审核", viewing_share: "分享调阅",
  },
  registerWrong: { altered: "被改动", missing: "缺失", reordered: "次序被打乱" },
  cases: "案件", case: "案件", caseNone: "没有进行中的案件。", caseOpen: "立案或紧急调阅", caseNeeded: "要看录像，先要有一个案件。", caseNeededNext: "请在“案件”页立案，或紧急调阅。",
  casesWhat: "录像只能为案件调阅：范围内的摄像头，时段内的画面，每次调阅都登记在案。", casesNone: "还没有案件。", casesFailed: "无法载入案件。",
  emergency: "紧急调阅", emergencyOpen: "紧急调阅", emergencyWhat: "只凭事由，24 小时内可看本单位辖区、三天前至今的录像；之后转为案件，或交审核。", emergencyGo: "立即开始", emergencyDone: "已开始，24 小时内有效。请尽快转为案件。",
  emergencyCount: "紧急调阅统计", countHead: { officer: "人员", unit: "单位", opened: "次数", adopted: "转为案件", due: "待审核", reviewed: "已审核" },
  caseNew: "立案", caseGo: "立案", caseNumber: "案件编号", caseClass: "案由类别", caseReason: "调用事由", caseFrom: "录像从（北京时间）", caseTo: "到", caseDays: "有效天数",
  caseDivisions: "行政区划代码（6、9 或 12 位，可多个）", caseCircle: "或圆形：经度,纬度,半径（米）", caseMembers: "同案人员（登录名）", caseSingle: "或单个摄像头（运营商:编号，可多个）", caseGrowth: "允许沿路径扩展：每一跳 2 公里、前后 30 分钟", caseBadCircle: "圆形写作：104.895,25.092,800",
  caseArea: "范围", caseSpan: "录像时段", caseExpires: "有效至", caseBy: "立案人", caseLarge: "需审批", caseLargeIs: (n, what, most) => `${what} ${n}（一人可批至 ${most}）`, caseLargeWhat: { cameras: "摄像头数", hours: "录像小时数" }, caseApproved: "已审批", caseAdopted: "已转为案件", caseClosed: "已结束", caseHops: "路径", caseReviews: "已审核",
  casePolygons: (n) => `${n} 个多边形`, caseCameras: (n) => `${n} 个摄像头`, caseDone: "已完成。", caseDue: "待审核",
  caseLook: "看录像", caseApprove: "同意", caseRefuse: "不同意", caseWhy: "不同意的理由", caseAdopt: "转为案件", caseSetMembers: "同案人员", caseHop: "添加一跳", caseHopCamera: "路径经过哪个摄像头？（编号）", caseHopAt: "何时经过？（北京时间，如 2026-11-23 02:13）",
  caseViewings: "谁看过", caseClose: "结束案件", caseCloseWhy: "结束说明（可空）", caseReview: "审核", caseReviewNote: "审核意见", caseUnseen: "还没有人看过。", caseMe: "我", caseSeenBy: (who) => `${who} 看过`,
  caseStates: { waiting: "待审批", open: "进行中", closed: "已结束", expired: "已过期" },
  timelineLabel: "当天时间轴", isGap: (c) => `录像缺失：${c}`,
};

const en = {
  title: "Qianshao · camera footage", subtitle: "camera footage", skip: "Skip to the picture", local: "no accounts · this machine only", localWhy: "The server runs with --no-auth: anybody on this machine may see all footage. For trying things out.",
  signIn: "Sign in", signOut: "Sign out", login: "Login", password: "Password", code: "Code (6 digits)", codeHint: "Give the six digits that your authenticator app shows.",
  setPassword: "Set a password", setUp: "Make the first administrator", passwordAgain: "The password again", passwordRule: "At least 10 characters; three words will do.", yourName: "Name", passwordsDiffer: "The two passwords differ.",
  linkWhat: "This link works once: it ends when the password is set.", signInFailed: "Signing in failed.",
  ownCameras: "Cameras at your house", ownWhat: "Who looked at footage from here: unit, time, class of the case. Told when the case is over, after 30 days at the latest.", ownNone: "No camera is in your name.", ownUnseen: "Nobody has looked yet.", ownLater: (n) => `${n} more, told when their case is over.`, ownSpan: (a, b) => `footage of ${a} to ${b}`,
  throughDirectory: "Sign in through the bureau's directory",
  signInFailures: {
    directory_away: "The directory cannot be asked now: try later, or sign in with an account of this server.", directory_stale: "That took too long, or was not begun here: sign in again.", directory_refused: "The directory did not let you in.",
    directory_no_role: "None of your groups has a role here: ask an administrator.", directory_closed: "Your account is closed: ask an administrator.", directory_taken: "Another account has your login: ask an administrator.",
    directory_bad: "What the directory says of you is not enough: ask an administrator.", directory_unit: "Your unit is not known here yet: ask an administrator.", directory_failed: "Signing in failed: ask an administrator.",
  },
  me: "My account", changePassword: "Change the password", oldPassword: "Password now", newPassword: "New password", changed: "The password is changed; you are signed out elsewhere.", changeFailed: "That did not work.",
  factor: "Second factor", secondOn: "On: to sign in takes the six digits of an authenticator app. If the phone is lost, ask an administrator.", secondOff: "Off. With it, to sign in takes the six digits of an authenticator app, beside the password.",
  secondNew: "Turn on", secondAgain: "Another phone", secondScan: "Scan this with an authenticator app, then give the six digits it shows:", secondConfirm: "Confirm", secondDone: "It is on.",
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
  workbench: "Search", register: "Access register", toCameras: "Cameras", registerWhat: "Who saw which footage, and when. It is written before the first picture; what cannot be written is not shown.",
  registerKind: "Kind", registerCamera: "Camera", registerViewing: "Viewing", registerCase: "Case and reason", registerShow: "Show", registerCSV: "Download CSV", registerVerify: "Verify",
  registerAt: "Written", registerWho: "Who", registerAct: "Act", registerFootage: "Footage", registerTotals: "Totals", registerSeq: "No.", registerMore: "Older ones",
  registerAll: "All", registerNone: "No entries match.", registerFailed: "The register could not be read.", registerDamaged: (n) => `${n} lines are no sound entries: press Verify.`,
  registerOperator: "command on this machine", registerOnward: "and on", registerSent: (n, mb) => `${n} requests, ${mb} MB`, registerVerifying: "Verifying…",
  registerIntact: (c, n, s, h) => `${c}: ${n} entries, intact${s ? `; the store has a copy up to entry ${s}` : ""}. Hash of the last: ${h}`,
  registerBroken: (c, n, w, d) => `${c}: entry ${n} is ${w}. ${d}`,
  registerKinds: { viewing_open: "viewing begins", viewing_more: "viewing grows", viewing_close: "viewing ends", admin: "administration", start: "server start", pruned: "too old, removed" },
  registerActs: {
    footage_read: "playback or download", picture_read: "pictures", live_watch: "live", footage_find: "search by place", camera_import: "cameras imported", camera_remove: "camera removed",
    "camera_push-key": "push key issued", retention_confirm: "expiry confirmed", "safe-mode_end": "safe mode ended", settings_reload: "settings read again", secret_rotate: "key changed",
    session_begin: "signed in", account_add: "account made", account_import: "accounts imported", account_link: "one-time link made", account_close: "account closed", account_open: "account opened",
    account_password: "password set", "account_second-factor": "second factor on", "account_forget-phone": "second factor off", unit_put: "unit set", token_issue: "token issued", token_revoke: "token revoked",
    case_open: "case opened", emergency_open: "emergency opened", case_members: "case members set", case_approve: "case approved", case_refuse: "case refused", case_adopt: "emergency became a case", case_grow: "route followed", case_close: "case closed", case_review: "reviewed", viewing_share: "viewing shared",
  },
  registerWrong: { altered: "altered", missing: "missing", reordered: "not in its place" },
  cases: "Cases", case: "Case", caseNone: "No case is open.", caseOpen: "Open one, or an emergency", caseNeeded: "Footage is seen for a case, and none is open.", caseNeededNext: "Open one on the page of cases, or an emergency.",
  casesWhat: "Footage is seen for a case alone: cameras in its area, pictures of its time, and every viewing stands in the register.", casesNone: "There are no cases yet.", casesFailed: "The cases could not be loaded.",
  emergency: "Emergency", emergencyOpen: "Emergency", emergencyWhat: "On a reason alone, for 24 hours: footage of your unit's area, from three days back. Then it becomes a case, or is reviewed.", emergencyGo: "Begin now", emergencyDone: "It has begun, for 24 hours. Make a case of it soon.",
  emergencyCount: "Emergencies by officer", countHead: { officer: "Officer", unit: "Unit", opened: "Opened", adopted: "Became cases", due: "To be reviewed", reviewed: "Reviewed" },
  caseNew: "Open a case", caseGo: "Open", caseNumber: "Case number", caseClass: "Class", caseReason: "Reason", caseFrom: "Footage from (Beijing time)", caseTo: "to", caseDays: "Days it stays open",
  caseDivisions: "Division codes (6, 9 or 12 digits, one or more)", caseCircle: "or a circle: longitude,latitude,metres", caseMembers: "Members (logins)", caseSingle: "or single cameras (carrier:device, one or more)", caseGrowth: "A route may be followed: each hop adds 2 km, 30 minutes before and after", caseBadCircle: "Write the circle as 104.895,25.092,800",
  caseArea: "Area", caseSpan: "Footage", caseExpires: "Open until", caseBy: "Opened by", caseLarge: "Needs approval", caseLargeIs: (n, what, most) => `${n} ${what} (one officer: up to ${most})`, caseLargeWhat: { cameras: "cameras", hours: "hours of footage" }, caseApproved: "Approved", caseAdopted: "Became a case", caseClosed: "Closed", caseHops: "Route", caseReviews: "Reviewed",
  casePolygons: (n) => `${n} polygons`, caseCameras: (n) => `${n} cameras`, caseDone: "Done.", caseDue: "to be reviewed",
  caseLook: "See footage", caseApprove: "Approve", caseRefuse: "Refuse", caseWhy: "Why it is refused", caseAdopt: "Make it a case", caseSetMembers: "Members", caseHop: "Add a hop", caseHopCamera: "Which camera did the route pass? (id)", caseHopAt: "When? (Beijing time, such as 2026-11-23 02:13)",
  caseViewings: "Who saw what", caseClose: "Close", caseCloseWhy: "A note (may be empty)", caseReview: "Review", caseReviewNote: "What the review found", caseUnseen: "Nobody has seen anything yet.", caseMe: "me", caseSeenBy: (who) => `seen by ${who}`,
  caseStates: { waiting: "waiting for approval", open: "open", closed: "closed", expired: "expired" },
  timelineLabel: "Timeline of the day", isGap: (c) => `no footage: ${c}`,
};

const saved = (() => { try { return localStorage.getItem("lang"); } catch { return null; } })();
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
  try { localStorage.setItem("lang", lang); } catch { /* private window: the choice lasts as long as the page */ }
  apply();
}
