/** The app's words, Chinese. en.ts has the same keys. */
export default {
  app: { name: "平安黔哨", beijing: "北京时间", skip: "跳到主要内容", menu: "菜单", language: "English", signOut: "退出登录", notSignedOut: "未能退出登录。", comma: "、", open: "未启用账号 · 仅限本机", openWhy: "服务器以 --no-auth 启动：本机任何人都能看全部录像，只供试用。", needsAccounts: "没有账号，就没有“{page}”这一页。", needsAccountsHow: "服务器以 --no-auth 启动，没有账号，也就没有案件。要用案件：停下服务器，去掉 --no-auth 再启动，打开它打印的一次性链接创建第一个管理员，再用 qianshao account add 建侦查员账号。现在可以打开：" },
  nav: { search: "查证", trace: "路径", camera: "摄像头", downloads: "下载", audit: "审计", settings: "设置", cases: "案件", me: "我的账号", signIn: "登录" },
  state: {
    loading: "正在载入…", retry: "重试", close: "关闭", cancel: "取消", offline: "与服务器的连接中断，正在重试。", online: "已重新连接。",
    notAllowed: "你的角色没有这一页。", notAllowedNext: "需要时请联系管理员；你可以打开：", notFound: "没有这一页。", toStart: "回到首页",
  },
  case: {
    label: "案件", none: "请选择案件", choose: "要看录像，先选案件", why: "录像只能为案件调阅；每次调阅都登记在案。", emergency: "紧急调阅", emergencyWhat: "只凭事由，24 小时内可看本单位辖区、三天前至今的录像；之后转为案件，或交审核。",
    reason: "事由", begin: "立即开始", open: "立案", new: "立案（打开案件页）", toCases: "看全部案件", empty: "没有进行中的案件", span: "可看 {from} 至 {to}", failed: "无法载入案件", waiting: "已提交，等待第二名民警审批。", emergencyDone: "紧急调阅已开始，24 小时内有效。请尽快转为案件。",
  },
  account: {
    title: { signIn: "登录", setPassword: "设置密码", setUp: "创建第一个管理员" }, name: "姓名", login: "登录名", password: "密码", again: "再输入一次密码", rule: "至少 {n} 个字符，三个词就好。", differ: "两次输入的密码不一样。", code: "验证码（6 位）", codeWhat: "请输入验证器应用显示的 6 位数字。",
    linkWhat: "这是一次性链接：设好密码后即失效。", directory: "通过单位统一身份认证登录", why: { ended: "登录已失效（久未操作、在别处退出或账号被停用）。重新登录后回到原来的页面。", needed: "请先登录，之后打开你要的页面。" },
    failed: {
      directory_away: "统一身份认证暂时无法使用，请稍后再试，或用本系统账号登录。", directory_stale: "登录超时，或不是从这里开始的，请重新登录。", directory_refused: "统一身份认证没有通过。", directory_no_role: "你所在的组在本系统没有角色，请联系管理员。", directory_closed: "你的账号已停用，请联系管理员。",
      directory_taken: "登录名已被另一个账号占用，请联系管理员。", directory_bad: "统一身份认证给出的资料不完整，请联系管理员。", directory_unit: "你的单位尚未建立，请联系管理员。", directory_failed: "登录失败，请联系管理员。",
    },
    role: { investigator: "侦查员", carrier: "运营商", admin: "管理员", auditor: "审计员", household: "农户" },
    change: "修改密码", old: "当前密码", fresh: "新密码", changed: "密码已修改，其他地方的登录已失效。",
    factor: "第二重验证", isOn: "已启用", isOff: "未启用", onWhat: "登录时要输入验证器应用的 6 位数字。手机丢失请找管理员。", offWhat: "启用后，登录时除密码外还要输入验证器应用的 6 位数字。", turnOn: "启用", otherPhone: "更换手机", scan: "用验证器应用扫描，再输入它显示的 6 位数字：", qr: "验证器应用的二维码", byHand: "不能扫描时，手工输入：", confirm: "确认", factorDone: "已启用。",
    own: "我家的摄像头", ownWhat: "谁看过这里的录像：单位、时间、案由类别。案件结束后显示，最晚 30 天。", ownNone: "没有登记在你名下的摄像头。请联系运营商。", ownUnseen: "还没有人看过。", ownLater: "另有 {n} 次，案件结束后显示。", ownOpen: "未启用账号时查看，没有单位和案由", ownSpan: "看了 {from} 至 {to} 的录像",
  },
  cases: {
    what: "录像只能为案件调阅：范围内的摄像头，时段内的画面，每次调阅都登记在案。", state: "状态", all: "全部案件", is: { waiting: "待审批", open: "进行中", closed: "已结束", expired: "已过期", due: "待审核" }, chosen: "当前案件",
    none: "还没有案件", noneNext: "要看录像，先立案；情况紧急时用“紧急调阅”。", noneYet: "有民警立案后，这里会出现。", noneSo: "没有这样的案件", more: "另有 {n} 个更早的，请按状态筛选。",
    number: "案件编号", class: "案由类别", span: "录像时段", spanWhat: "能看这段时间的录像；要看实时，终点晚于现在。", area: "范围", areaWhat: "村、乡镇等行政区划，或地点周围一圈；可多个。", single: "或单个摄像头（运营商:编号，可多个）", noArea: "“{name}”不能作为范围：请选行政区划、地标或坐标。", lackArea: "请至少选一个地点，或填一个摄像头。",
    days: "有效天数", members: "同案人员", logins: "登录名，用空格或逗号分开", growth: "允许沿路径扩展：每一跳 2 公里、前后 30 分钟，事后审核", largeWhat: "范围过大（摄像头或时段超过一人可批的数量）时，需另一名民警审批后才能看。", opened: "已立案，可以看录像了。",
    expires: "有效至", by: "立案人", large: "范围较大", largeIs: { cameras: "摄像头 {n} 个（一人可批至 {most} 个）", hours: "录像 {n} 小时（一人可批至 {most} 小时）" }, approved: "已审批", adopted: "已转为案件", route: "路径", ended: "已结束", reviewed: "已审核",
    circle: "({lon}, {lat}) 周围 {n} 米", polygons: "{n} 个多边形", cameras: "摄像头 {list}", manyCameras: "{n} 个摄像头",
    look: "看录像", approve: "同意", approveWhat: "同意后立案人和同案人员即可看范围内的录像。", refuse: "不同意", refuseWhat: "案件随即结束，立案人会看到理由。", adopt: "转为案件", adoptWhat: "紧急调阅成为正式案件，不再等待审核。", membersWhat: "同案人员能看同样的录像，也能看到彼此看过什么。立案人始终在内。", save: "保存",
    hop: "添加一跳", hopWhat: "把一个摄像头周围 2 公里、此刻前后 30 分钟纳入本案；记入登记，事后审核。", hopCamera: "路径经过哪个摄像头（编号，或 运营商:编号）", hopAt: "时刻", whoSaw: "谁看过", end: "结束案件", endWhat: "结束后不能再看这个案件的录像。", review: "审核", reviewWhat: "审核意见随案件保存。",
    note: "理由或意见", noteMay: "说明（可空）", done: "已完成。", unseen: "还没有人看过。", allViewings: "看全部调阅",
    count: { title: "紧急调阅统计", officer: "人员", unit: "单位", opened: "次数", adopted: "转为案件", due: "待审核", reviewed: "已审核" },
  },
  trouble: {
    what: {
      offline: "连不上服务器。", denied: "登录名、密码或验证码不对。", need_code: "还需要验证码。", factor_not_drawn: "这个二维码已失效。", link_expired: "这个链接已过期或已用过。", login_taken: "这个登录名已被占用。", too_many: "请求太频繁。", forbidden: "你的角色不能这样做。", register_unavailable: "调用登记写不进去，因此不能继续。",
      outside_case: "超出这个案件的范围或时段，因此不能看。", outside_time: "这段时间不在案件之内，案件只允许看 {detail}。", viewing_needed: "这段录像没有完全落在案件允许的范围内。", unknown_camera: "没有这个摄像头，或你的案件够不到它。", unknown_case: "没有这个案件，或与你无关。", case_state: "案件的状态已变：{detail}", case_taken: "这个案件编号已被使用。", no_investigator: "同案人员里有人不是侦查员：{detail}", not_possible: "不能这样填：{detail}", bad_parameter: "填写有误：{detail}",
    },
    next: {
      offline: "检查网络后重试。", denied: "请再试一次；忘记密码请找管理员。连续输错会暂时锁定。", need_code: "请输入验证器应用显示的 6 位数字。", factor_not_drawn: "请重新开始，扫描新的二维码。", link_expired: "请向管理员要一个新链接。", login_taken: "请换一个登录名。", too_many: "请稍等片刻再试。", forbidden: "需要时请联系管理员。", register_unavailable: "请管理员释放服务器磁盘空间或查看日志，然后重试。",
      outside_time: "可查案件的时段，或在页首换一个案件。", outside_case: "请在页首换一个案件，改选范围内的摄像头和时间，或到“案件”页立案。", viewing_needed: "请重试；仍不行时，在“案件”页核对可看时段。", unknown_camera: "请在页首换一个案件，或到“案件”页立案、扩展范围。", unknown_case: "在“案件”页查看你的案件。", case_state: "刷新后再看。", case_taken: "请改编号，或请该案人员把你加入。", no_investigator: "请填侦查员的登录名。", not_possible: "改正后再提交。", bad_parameter: "改正后再提交。",
    },
  },
  place: {
    label: "地点", hint: "村名、地标、拼音、摄像头编号或坐标", none: "没有找到“{q}”", noneNext: "换个写法，或在地图上点一下。", found: "{n} 个结果", hereRadius: "半径", drawn: "手绘范围",
    kind: { prefecture: "州", county: "县", township: "乡镇", village: "村", group: "片区", landmark: "地标", camera: "摄像头", point: "坐标" },
    withCameras: "有摄像头的地方", circle: "画圆", polygon: "画多边形", m: "{n} 米", km: "{n} 公里", drawing: "在地图上点出各顶点，双击结束；Esc 取消。", drawingCircle: "按住圆心拖到边缘；Esc 取消。",
  },
  time: {
    from: "从", to: "到", hint: "如 2026-11-24 09:00、昨晚9点、9点半、半小时前", last30: "最近 30 分钟", lastHour: "最近 1 小时", today: "今天", yesterday: "昨天", before30At: "{t} 前 30 分钟", around10At: "{t} 前后 10 分钟", before30: "此刻前 30 分钟", around10: "此刻前后 10 分钟",
    bad: "看不懂这个时间", order: "终点要晚于起点", long: "一次最多 7 天", pick: "选日期和钟点", previousMonth: "上个月", nextMonth: "下个月", hour: "时", minute: "分", outside: "案件只允许看 {from} 至 {to}", inCase: "查案件的时段",
  },
  search: {
    go: "查找", results: "{n} 个摄像头", more: "另有 {n} 个，缩小范围可见", none: "这里没有摄像头", noneNext: "扩大半径，或换个地点。", noneElse: "换个地点，或在地图上点一下。", early: "这里有 {n} 个摄像头，那时都还没有接入", earlyNext: "最早的 {t} 接入，之后才有录像。", since: "从接入时查起", noTiles: "没有可放的画面", noTilesNext: "原因和下一步见查找结果。", choose: "在查找结果里选一个摄像头。", outside: "另有 {n} 个摄像头，这个案件在这段时间不允许看。可换案件，或请审批扩大范围。", wider: "扩大到 {r}", noFootage: "这段时间没有录像", nearest: "最近的录像：", until: "之前，到 {t}", from: "之后，从 {t}", start: "选地点和时间，就能看录像。", startNext: "输入村名，或在地图上点一下。",
    rank: "#", camera: "摄像头", distance: "距离", view: "视域", footage: "录像", tile: "画面", show: "放到画面", hide: "移出画面", full: "完整", gaps: "有缺口", nothing: "中断", sortBy: "按 {what} 排序", lately: "正在看实时，时段已改为最近半小时。", earlier: "回到原来的时段",
    facing: "朝向", beside: "侧向", away: "背向", unknown: "未知",
  },
  map: {
    label: "地图", zoomIn: "放大", zoomOut: "缩小", base: "底图", noBase: "无底图", all: "全部摄像头", failed: "无法载入地图资料",
    centre: "圆心", rim: "半径", corner: "顶点 {n}，共 {of} 个", together: "同一位置有 {n} 个摄像头",
    grip: { centre: "拖动圆心移动范围，松开后重新查找。", rim: "拖动边缘改变半径，松开后重新查找。", corner: "拖动顶点改变形状；双击删除顶点。", edge: "从边线拖出一个新顶点。" },
    keys: { centre: "方向键移动 · Shift 微调", rim: "方向键改变半径 · Shift 微调", corner: "方向键移动 · Shift 微调 · 回车加点 · Delete 删除" },
  },
  tile: {
    loading: "正在载入…", none: "此刻没有录像", gap: "录像缺失", ahead: "还没有录到这里", away: "现在没有实时画面", awayNext: "正在自动重连，恢复后画面会自己出现。", before: "看之前（{t}）", after: "到下一段（{t}）", failed: "无法播放", preview: "转码预览", sub: "子码流", live: "实时", pictures: "逐帧图片", close: "移出画面", enlarge: "放大", follow: "从这里追踪路径", shrink: "还原", offset: "时差 {s} 秒", offsetWhen: "摄像头时钟减服务器时钟，由 {from} 至 {to} 的录像测得", empty: "空画面", toLive: "看实时",
    noCodec: "此浏览器不能直接播放这种编码，现在播放的是服务器转码的预览；下载的仍是原始录像。",
  },
  play: {
    play: "播放", pause: "暂停", back: "上一帧", on: "下一帧", rate: "速度", sound: "声音", live: "实时", ago30: "30 分钟前", next: "下一段录像", in: "入点", out: "出点", clear: "清除标记", still: "截图", bookmark: "书签", strip: "每分钟一图", basket: "加入下载", goto: "跳到时刻", layout: "画面数", help: "快捷键", held: "正在等画面…", drift: "同步误差 {ms} 毫秒",
    marked: "{from} 至 {to}（{length}）", added: "已加入下载：{n} 个摄像头", stillSaved: "已保存截图", stillFailed: "截图未保存", gotoBad: "看不懂这个时刻", gotoOutside: "{at} 不在查找的时段内：{from} 至 {to}。要看那时，请先改时段，再查找。", gotoLike: "如 9点半、昨晚9点", gotoDay: "只写钟点，就是画面上的这一天。", jump: "跳转", noNext: "之后没有录像", bookmarkName: "书签说明", bookmarks: "书签", noBookmarks: "还没有书签。按 B 在此刻加一个。", remove: "删除", needMarks: "先标记入点和出点（I、O）。", needTile: "先打开一个画面。",
  },
  still: {
    list: "已保存的截图（{n} 张）", what: "图片在浏览器的下载文件夹里。这里记着哪个摄像头、哪一刻，以及校验值：日后凭它证明是哪一张、没有改动过。", where: "以后在这里找得到：", sum: "存校验文件", sumWhat: "与图片放在一起的 .sha256 文件：摄像头、时刻、校验值，可用 sha256sum --check 核对",
  },
  keys: {
    title: "快捷键", space: "播放或暂停", jkl: "后退 10 秒 / 播放暂停 / 前进 10 秒", arrows: "上一帧 / 下一帧", marks: "入点 / 出点", s: "截图", e: "加入下载", digits: "选画面", g: "跳到时刻", b: "书签", t: "每分钟一图", n: "下一段录像", r: "实时", m: "声音", speed: "减速 / 加速", help: "这张表",
  },
  line: { label: "时间轴", footage: "有录像", none: "未到时间或未接入", gap: "录像缺失：{cause}", now: "现在", zoomIn: "放大时间轴", zoomOut: "缩小时间轴", all: "整个时段" },
  strip: { title: "每分钟一图", cameras: "摄像头", none: "这段时间没有图片。", every: "间隔", min: "{n} 分钟", },
  cause: {
    consent_withdrawn: "已退出授权", expired: "已到期删除", paused: "已暂停", spool_lost: "本地缓存丢失", spool_full: "本地缓存已满", no_capacity: "处理能力不足", node_down: "服务器停机", upload_pending: "等待上传",
    clock_uncertain: "时钟不确定", auth_failed: "用户名或密码错误", camera_busy: "摄像头连接数已满", bad_stream: "码流错误", packet_loss: "网络丢包", stalled: "画面停滞", camera_offline: "摄像头离线", unknown: "原因不明",
  },
  carrier: { mobile: "移动", telecom: "电信", unicom: "联通", demo: "演示", local: "本地" },
  trace: {
    route: "路径", start: "从一个摄像头和时刻开始", startWhat: "选时刻，再输入摄像头或地点；也可在地图上点一个摄像头。之后每一跳只点一下，时钟不变。", at: "时刻", newest: "不改时刻，就从所选摄像头最近半小时里最新的录像开始。", elsewhere: "换个起点", from: "从哪个摄像头开始",
    pace: "行进速度（按直线距离估算）", paces: { walk: "步行 5 公里/时", ride: "骑行/摩托 25 公里/时", drive: "汽车 40 公里/时" }, wind: { n: "北", ne: "东北", e: "东", se: "东南", s: "南", sw: "西南", w: "西", nw: "西北" },
    seconds: "约 {n} 秒", minutes: "约 {n} 分钟", unfilmed: "此时段无录像", hop: "{n}：下一跳到 {name}", fit: "看全路径", undo: "撤销一跳", clear: "清空", cleared: "路径已清空", restore: "恢复", replaced: "已开始新的路径", seek: "回到这一跳的时刻", noHops: "还没有跳点。",
    takeAll: "全部跳点加入下载", taken: "已加入下载：{n} 段", looking: "正在找下一个摄像头…", lonely: "3 公里内没有别的摄像头", lonelyNext: "撤销一跳，换个方向；或到“查证”页扩大范围。", unplaced: "这个摄像头没有坐标，推算不出下一个", unplacedNext: "撤销这一跳，换一个摄像头；坐标请联系运营商补登。",
    outside: "另有 {n} 个摄像头此刻不在本案可看范围内", outsideNext: "换个时刻，撤销一跳，或请立案人扩大案件。", early: "那时附近还没有接入摄像头", earlyNext: "换个时刻，或撤销一跳。", grow: "扩展案件范围", growWhat: "把此处 2 公里内、此刻前后 30 分钟纳入本案；记入登记，事后审核。", grown: "案件范围已扩展，待审核。",
  },
  camera: {
    state: { streaming: "录像中", degraded: "有丢包", connecting: "连接中", awaiting: "等待推流", stalled: "画面停滞", waiting: "等待处理", paused: "已暂停", unassigned: "未工作", removed: "不再录像", imported: "已登记", probing: "检测中", pending_review: "待审核", suspended: "已停用", withdrawn: "已退出", decommissioned: "已拆除" },
    since: "自 {t}", name: "名称", how: "状态", sinceWhen: "自何时起", searchHere: "查证这里", traceHere: "从这里追踪", open: "点时间轴上任一时刻，或：", playFrom: "从 {t} 回放", registered: "看画面即登记调阅，最新一张也是。", newest: "最新画面 {t}（{age} 前）", again: "刷新", saveNewest: "保存", noNewest: "没有最新画面：", noPictures: "这里只有状态，没有画面。", noPicturesWhy: "录像只给办案民警为案件调阅。你的角色负责设备和网络，看得到时间轴、缺口和完整率。",
    at: "时刻", previousDay: "前一天", nextDay: "后一天", gaps: "录像缺口", covered: "有录像 {t}", missing: "缺失 {n} 段，共 {t}", noGaps: "没有缺失", nothing: "未到时间或未接入", length: "时长", cause: "原因", toGap: "看 {t} 的缺口之前",
    calendar: "近 {n} 天录像完整率", calendarWhat: "每格一天（北京时间）：有录像的时长 ÷ 全天时长，接入当天从接入起算，今天算到此刻。点一格看那一天。", share: "有录像 {n}%", upToNow: "算到此刻", kind: { full: "完整", part: "有缺失", zero: "应录未录（0%）", nodata: "未接入，无数据" }, weekday: { mo: "一", tu: "二", we: "三", th: "四", fr: "五", sa: "六", su: "日" },
    also: "俗称/地标", device: "运营商 · 编号", picture: "画面", fpsIs: "{n} 帧/秒", offset: "当前时差", offsetThen: "所看时刻的时差", seconds: "{n} 秒", lastFrame: "最近一帧", lastError: "最近错误", division: "行政区划", position: "坐标 WGS-84", raw: "原始", unplaced: "未登记", look: "监视方位", azimuthIs: "{n}°", fovIs: "视角 {n}°", rangeIs: "可见 {n} 米", retention: "存储时长", days: "{n} 天", usual: "按系统默认", enrolled: "接入时间", unknown: "未知",
    fix: { auth_failed: "请更正用户名和密码。", camera_offline: "请检查供电和网络。", camera_busy: "请关闭其他正在观看的客户端。", bad_stream: "请检查摄像头的地址、端口和编码设置。", stalled: "请检查摄像头和线路。", packet_loss: "请检查线路质量，或改用 TCP。", no_capacity: "请减少摄像头，或换更强的服务器。", spool_full: "请释放磁盘空间，或恢复存储。" },
  },
  cameras: {
    title: "摄像头列表", what: "你可以知道的全部摄像头，按运营商和编号排列；状态每 10 秒更新。", q: "名称、编号或运营商", qHint: "其中一部分即可", inHint: "村、乡镇或县名", active: "在用的全部", all: "连同已移除的",
    none: "没有符合条件的摄像头", noneNext: "放宽条件，或清除条件看全部。", empty: "还没有摄像头", emptyNext: "管理员可在服务器上用 qianshao import 导入，或用 qianshao camera add 添加。", noCase: "有了案件，这里列出案件范围内的摄像头。",
    pages: "翻页", first: "回到开头", next: "下一页", count: "{n} 个摄像头，{on} 个在录像", countPage: "本页 {n} 个摄像头，{on} 个在录像",
  },
  downloads: {
    what: "原始录像，未转码；文件逐字节与服务器一致。", registered: "查询大小和下载都登记在案。", none: "下载清单是空的", noneNext: "在“查证”页看录像时，用 I、O 标记起止，再按 E 加入下载；“路径”页可加入全部跳点。", toSearch: "去查证",
    all: "全部下载", sum: "{n} 段 · {size}", every: "全选（{n} 段）", stopAll: "全部取消", clear: "移除已下载的 {n} 段", held: "{n} 段录像有缺口，还没有确认，不会下载。请展开查看缺口并打勾。", one: "下载", redo: "再次下载", remove: "移出清单",
    taken: "已下载 {t}", gaps: "有缺口 {n} 处", agree: "我知道这段录像有 {n} 处缺口：缺口处画面停住，时间不变", which: "哪些时间", moreGaps: "另有 {n} 处", asking: "正在查大小…", unknownSize: "大小未知", actual: "实际录像 {from} 至 {to}。", offset: "摄像头时差 {s} 秒。", files: "中途编码改变，分 {n} 个文件保存。", growing: "这段还没有录完，录完后再下载才完整。",
    waiting: "排队中", hashing: "正在计算校验值…", progress: "下载进度：{name}", overall: "总进度", overallIs: "{done}/{n} 段 · {received} / {size}", left: "约剩 {t}", several: "浏览器询问“是否允许下载多个文件”时，请选择允许。切换到别的页面不影响下载；关闭标签页会中断。", finished: "下载结束：完成 {done} 段，未完成 {failed} 段。",
    copy: "复制校验值", copied: "已复制校验值", notCopied: "未能复制，请手工选取。", noHash: "文件大于 512 MiB，未在浏览器中计算校验值", caseOver: "案件已结束或无权查看",
    trouble: {
      offline: "连不上服务器。", broken: "传输中断，收到的字节数与文件大小不符，没有保存。", noCase: "这段录像所属的案件不在你进行中的案件里。", gaps: "这段录像有缺口，还没有确认。", no_footage: "这段时间没有录像。", gap_too_long: "其中的缺口太长，不能合成一个文件。", window_too_long: "时段太长。",
      outside_case: "这段录像超出案件的范围或时段。", unknown_case: "案件不存在，或与你无关。", unknown_camera: "没有这个摄像头，或你无权查看。", viewing_needed: "这段录像没有完全落在案件允许的时段内。", register_unavailable: "调用登记写不进去，因此不能给出录像。",
    },
    next: {
      offline: "检查网络后点“重试”，会从断开处继续。", broken: "点“重试”，会从断开处继续。", noCase: "在“案件”页查看它的状态；如需录像，换一个进行中的案件，重新标记并加入下载。", gaps: "核对缺口时间，打勾确认后再下载。", no_footage: "在时间轴上看缺失原因，改选有录像的时段。", gap_too_long: "分别标记缺口之前和之后的录像，再加入下载。", window_too_long: "分成几段，每段不超过 7 天。",
      outside_case: "改选案件范围内的录像，或沿路径扩展案件。", unknown_case: "在“案件”页查看你的案件。", unknown_camera: "移出清单，或请管理员查看。", viewing_needed: "在“案件”页核对可看时段，重新标记。", register_unavailable: "请管理员释放服务器磁盘空间或查看日志，然后重试；录像仍在继续。",
    },
  },
  audit: {
    title: "调用登记", what: "谁在何时看了哪些录像。先登记，后出画面；登记写不进去，就不出画面。", filter: "筛选", kind: "类别", all: "全部", by: { who: "何人（登录名）", unit: "单位", case: "案件", camera: "摄像头", viewing: "调阅编号" }, from: "登记时间从", to: "到", anyTime: "不限",
    show: "查询", clear: "清除条件", csv: "下载表格 CSV", verify: "校验登记", stopVerify: "停止校验", verifying: "正在逐条校验，并与存储中的副本比对…登记多时需要几分钟，可以继续浏览。", seconds: "已用 {n} 秒", verifyFailed: "校验没有完成。",
    intact: "登记完好：没有一条被改动、缺失或打乱次序", broken: "登记有问题", noChains: "还没有任何登记。", chain: "登记链", own: "本机写入", entries: "{n} 条（第 {first} 至 {last} 条）", stored: "存储中有副本，至第 {n} 条", notStored: "存储中没有副本", hash: "末条校验值", hashWhat: "末条校验值代表它之前的全部登记。抄下来另存，日后可核对。",
    wrong: { altered: "第 {n} 条被改动。", missing: "第 {n} 条缺失。", reordered: "第 {n} 条次序被打乱。" }, brokenNext: "保留现场，不要改动登记文件，立即报告管理员和上级审计；之前的各条仍然可信。",
    damaged: "有 {n} 行不是完整的登记，没有列出。请点“校验登记”查明。", none: "没有符合条件的登记", noneNext: "放宽条件，或清除条件看最新的登记。", older: "更早的", shown: "已列出 {n} 条，最新的在前", end: "共 {n} 条，没有更早的了",
    noCamera: "没有摄像头“{camera}”。", noCameraNext: "请填系统编号，或“运营商:设备编号”。", unavailable: "登记暂时无法读取或写入。", unavailableNext: "请管理员释放服务器磁盘空间，或查看服务器日志，然后重试。登记写不进去时不会给出任何录像。",
    table: "登记列表", seq: "序号", at: "登记时间", whoUnit: "何人（单位）", act: "操作", caseReason: "案件与事由", footage: "录像时段", totals: "合计", operator: "本机命令", nobody: "未启用账号", onward: "持续", sent: "{n} 次请求，{size}", comma: "、", onlyThis: "只看这次调阅",
    results: { refused: "被拒", failed: "未成功", done: "结果" }, ofEntry: "（第 {n} 条）",
    kinds: { viewing_open: "调阅开始", viewing_more: "调阅增加", viewing_close: "调阅结束", admin: "账号与管理", start: "服务器启动", pruned: "到期清理" },
    acts: {
      footage_read: "回放或下载", picture_read: "看图片", live_watch: "看实时", footage_find: "按地点查找", camera_import: "导入摄像头", camera_remove: "移除摄像头",
      "camera_push-key": "发放推流密钥", retention_confirm: "确认到期删除", "safe-mode_end": "解除安全模式", index_rebuild: "重建索引", settings_reload: "重读设置", secret_rotate: "更换密钥", camera_move: "变更状态", camera_pause: "暂停录像", camera_resume: "恢复录像", camera_withdraw: "农户退出", secret_forget: "放弃已丢失的密钥",
      session_begin: "登录", account_add: "新建账号", account_import: "导入账号", account_link: "发放一次性链接", account_close: "停用账号", account_open: "恢复账号",
      account_change: "更改账号", account_password: "设置密码", account_setup: "首位管理员", session_end: "退出登录", session_refused: "登录被拒", session_locked: "多次失败，暂时锁定", places_import: "导入地点", "account_second-factor": "启用第二重验证", "account_forget-phone": "停用第二重验证", unit_put: "设置单位", token_issue: "发放令牌", token_revoke: "吊销令牌",
      case_open: "立案", emergency_open: "紧急调阅", case_members: "案件人员", case_approve: "审批同意", case_refuse: "审批不同意", case_adopt: "紧急调阅转案件", case_grow: "路径扩展", case_close: "结束案件", case_review: "审核", viewing_share: "分享调阅",
    },
  },
  settings: {
    language: "语言", account: "账号", toAccount: "密码和第二重验证", kept: "语言、底图、下载清单、截图记录和书签只保存在这个浏览器里。", clock: "时钟", serverClock: "服务器时间", ownClock: "本机时间", clockGood: "本机时钟与服务器一致", clockSlow: "本机时钟慢 {n} 秒。", clockFast: "本机时钟快 {n} 秒。", clockMeans: "本系统一律用服务器时间，录像不受影响；与别的记录核对时请留意，并请校准本机时钟。",
    maps: "地图", base: "默认底图", vector: "矢量", zooms: "{from}–{to} 级", noBaseWhat: "只有县界、地名和摄像头", noMaps: "没有配置底图：显示县界和地名，功能不受影响。", noMapsNext: "管理员可在服务器的设置文件里加一行 maps.sources（.pmtiles、.mbtiles 文件，或天地图、PGIS 地址），再重启服务：",
    browser: "浏览器检查", complete: "这个浏览器可以使用全部功能。", lacking: "有 {n} 项不具备，影响如下。", ability: "能力", there: "有无", means: "含义", yes: "有", no: "无",
    what: { chromium: "Chromium 内核 ≥ {n}", h264: "H.264 视频", h265: "H.265 视频", aac: "AAC 声音", flac: "MP4 中的 FLAC 声音", mse: "媒体源（Media Source）", frames: "逐帧时间（requestVideoFrameCallback）", dialog: "对话框（dialog）" },
    fine: { chromium: "版本受支持。", h264: "直接播放。", h265: "直接播放。", aac: "能听到声音。", flac: "G.711 摄像头的声音也能听到。", mse: "实时画面延迟不到一秒。", frames: "多画面同步精确到帧，时钟显示每一帧的时刻。", dialog: "弹窗正常。" },
    lack: {
      chromium: "版本太旧或不是 Chromium 内核，没有测试过。请改用新版 Edge、Chrome 或 360 极速模式。", h264: "录像不能播放，转码预览也不能；下载仍是原始录像。请换浏览器。", h265: "H.265 不能直接播放：有子码流的放子码流，其余放服务器转码的预览，实时为图片；下载仍是原始录像，可用 VLC 打开。",
      aac: "AAC 录像没有声音；下载仍有。", flac: "G.711 摄像头回放时没有声音；下载仍有。", mse: "没有实时视频，改为显示每秒一张的图片。", frames: "画面时刻精确到约 0.25 秒，多画面同步较粗；截图和下载不受影响。", dialog: "部分弹窗打不开。请升级浏览器。",
    },
  },
};
