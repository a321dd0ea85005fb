/* dangol.js: what people do on your site, told to your own dangol. No dependency, no build step; ES2019.
 * Copyright the dangol contributors, MIT. docs/dangol-js.md tells how to use it. */
(() => {
  "use strict";

  const KEPT = 200; // events that wait while nobody takes them
  const BATCH = 20; // so many are sent at once without waiting for more
  const BEACON = 60000; // characters: a browser takes 64 KiB as a page goes away
  const LONGEST = 60000; // milliseconds between two tries
  const YEAR = 34560000; // seconds: 400 days, the longest that browsers keep a cookie

  let settings = null;
  let waiting = []; // calls that nobody took yet: [path, body]
  let timer = 0;
  let tries = 0;
  let sending = false;
  let memory = {}; // where the browser keeps nothing

  // --- what the browser keeps --------------------------------------------------------------------------------

  const recall = (name) => {
    try {
      return JSON.parse(localStorage.getItem(`dangol.${name}`));
    } catch (blocked) {
      return name in memory ? memory[name] : null;
    }
  };

  const keep = (name, value) => {
    try {
      if (value === null) localStorage.removeItem(`dangol.${name}`);
      else localStorage.setItem(`dangol.${name}`, JSON.stringify(value));
    } catch (blocked) {
      memory[name] = value;
    }
  };

  const cookie = (value, age) => {
    const domain = settings.cookieDomain ? `; Domain=${settings.cookieDomain}` : "";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `dangol_id=${value}; Path=/; Max-Age=${age}; SameSite=Lax${domain}${secure}`;
  };

  const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };

  const anonymousId = () => {
    const known = /(?:^|; )dangol_id=([\w-]+)/.exec(document.cookie);
    const id = recall("id") || (known && known[1]) || uuid();
    keep("id", id);
    cookie(id, YEAR);
    return id;
  };

  /** What was said here, else what the browser says for its owner, else what the page asks for. */
  const allowed = () => {
    const said = recall("consent");
    if (said !== null) return said;
    return settings.consent !== false && settings.consent !== "pending" && !navigator.globalPrivacyControl;
  };

  // --- what is sent ------------------------------------------------------------------------------------------

  const told = (batch) => JSON.stringify({ writeKey: settings.writeKey, sentAt: new Date().toISOString(), batch });

  /** The calls of one request: as many events as one body carries, or one report on a message. */
  const next = (most) => {
    if (!waiting.length || waiting[0][0] !== "batch") return waiting.slice(0, 1);
    const calls = [];
    let size = 200;
    for (const call of waiting) {
      size += JSON.stringify(call[1]).length;
      if (call[0] !== "batch" || calls.length === most || (calls.length && size > BEACON)) break;
      calls.push(call);
    }
    return calls;
  };

  const request = (calls) => {
    const path = calls[0][0];
    const body = path === "batch" ? told(calls.map((call) => call[1])) : JSON.stringify(calls[0][1]);
    return [`${settings.host}/v1/${path}`, body];
  };

  const soon = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(flush, delay);
  };

  /** Send what waits. What no other try would mend is dropped; everything else is tried again, ever later. */
  const flush = async () => {
    if (sending || !settings || !allowed() || !waiting.length) return;
    sending = true;
    const calls = next(100);
    const [url, body] = request(calls);
    let status = 0;
    try {
      // A plain text needs no preflight, so that an event costs one request.
      const headers = { "content-type": "text/plain" };
      status = (await fetch(url, { method: "POST", body, headers, keepalive: body.length < BEACON })).status;
    } catch (offline) {
      status = 0;
    }
    sending = false;
    const later = !status || status === 429 || status >= 500;
    if (!later) waiting = waiting.filter((call) => !calls.includes(call));
    if (!later && status >= 400) console.warn(`dangol: ${calls[0][0]} was refused with ${status}`);
    tries = later ? tries + 1 : 0;
    if (waiting.length) soon(later ? Math.min(LONGEST, 1000 * 2 ** tries) * (0.5 + Math.random() / 2) : 0);
  };

  /** The page goes away: a beacon outlives it, and what no beacon takes waits in the browser. */
  const leave = () => {
    while (settings && allowed() && waiting.length) {
      const calls = next(100);
      const [url, body] = request(calls);
      if (!navigator.sendBeacon || !navigator.sendBeacon(url, new Blob([body], { type: "text/plain" }))) break;
      waiting = waiting.filter((call) => !calls.includes(call));
    }
    if (waiting.length) keep("waiting", [...(recall("waiting") || []), ...waiting].slice(-KEPT));
    waiting = [];
  };

  /** Go on with what no beacon took. */
  const back = () => {
    if (!allowed()) return;
    waiting = [...(recall("waiting") || []), ...waiting];
    keep("waiting", null);
    if (waiting.length) soon(0);
  };

  const put = (path, body) => {
    // Without consent nothing waits either: what was not allowed then is not sent later.
    if (!settings || !allowed()) return;
    waiting = [...waiting, [path, body]].slice(-KEPT);
    soon(waiting.length >= BATCH ? 0 : 300);
  };

  const call = (type, more) => {
    if (!settings || !allowed()) return;
    const { title, referrer } = document;
    const { pathname, search, href } = location;
    put("batch", {
      type,
      messageId: uuid(),
      anonymousId: anonymousId(),
      ...(recall("user") ? { userId: recall("user") } : {}),
      timestamp: new Date().toISOString(),
      context: { page: { path: pathname, search, title, referrer, url: href.split("#")[0] }, locale: navigator.language },
      ...more,
    });
  };

  // --- messages on the page ----------------------------------------------------------------------------------

  const NOTHING = { messages: [], waiting: [] };
  const LINK = /^(https?|mailto|tel):$/;
  const CSS = `
    :host { all: initial; }
    * { box-sizing: border-box; margin: 0; }
    .box { --accent: var(--dangol-accent, #1b64da); --radius: var(--dangol-radius, 16px); padding: 0; border: 0;
      background: #fff; color: #191f28; text-align: start; word-break: keep-all; overflow-wrap: anywhere; text-wrap: pretty;
      font: 16px/1.6 var(--dangol-font, Pretendard, -apple-system, BlinkMacSystemFont, "Apple SD Gothic Neo",
      "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", "Segoe UI", sans-serif);
      box-shadow: 0 0 0 1px rgb(0 23 51 / 6%), 0 16px 48px rgb(0 19 43 / 18%); }
    .in { position: relative; padding: 28px 24px 24px; }
    h2 { padding-inline-end: 36px; font-size: 20px; line-height: 1.4; font-weight: 700; letter-spacing: -0.01em; }
    p { margin-top: 8px; color: #4e5968; white-space: pre-line; }
    .bare p { margin-top: 0; padding-inline-end: 36px; }
    a, .no, .x { font: inherit; cursor: pointer; border: 0; border-radius: 10px; }
    a { display: block; margin-top: 20px; padding: 12px 20px; background: var(--accent);
      color: var(--dangol-on-accent, #fff); font-weight: 600; text-align: center; text-decoration: none; }
    a:hover { filter: brightness(0.94); }
    .no { display: block; width: 100%; margin: 6px 0 -8px; padding: 8px 12px; background: none; color: #4e5968;
      font-size: 14px; }
    .no:hover, .x:hover { background: #f2f4f6; }
    .x { position: absolute; top: 20px; inset-inline-end: 12px; width: 44px; height: 44px; padding: 10px;
      background: none; color: #4e5968; }
    .x svg { display: block; width: 24px; height: 24px; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    .box:focus { outline: none; }
    .x:focus-visible { outline-offset: -4px; }
    .modal { width: min(400px, calc(100vw - 32px)); max-height: calc(100vh - 32px); margin: auto; overflow: auto;
      overscroll-behavior: contain; border-radius: calc(var(--radius) + 4px); }
    .modal::backdrop { background: rgb(0 12 30 / 52%); }
    .card, .banner { position: fixed; z-index: 2147483000; }
    .card { inset-inline-end: 24px; bottom: 24px; width: min(360px, calc(100vw - 32px)); border-radius: var(--radius); }
    .banner { inset-inline: 0; bottom: 0; }
    .live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    @media (max-width: 767px) { .card { inset-inline: 16px; bottom: 16px; width: auto; } }
    @media (min-width: 768px) {
      .banner .in { display: flex; align-items: center; gap: 8px 20px; max-width: 1120px; margin: auto;
        padding: 14px 64px 14px 24px; }
      .banner .say { flex: 1; }
      .banner h2 { padding: 0; font-size: 17px; }
      .banner p { margin: 0; padding: 0; font-size: 15px; }
      .banner a, .banner .no { flex: none; width: auto; margin: 0; }
      .banner a { padding: 10px 20px; }
      .banner .x { top: 50%; transform: translateY(-50%); }
    }
    @media (prefers-reduced-motion: no-preference) {
      .box { animation: come 0.24s cubic-bezier(0.2, 0.8, 0.2, 1); }
      .modal::backdrop { animation: dim 0.24s; }
      @keyframes come { from { opacity: 0; translate: 0 16px; } }
      @keyframes dim { from { opacity: 0; } }
    }
    @media (forced-colors: active) { .box { border: 1px solid; } }`;

  let view = 0; // which page is seen: what was armed for an earlier one is off
  let used = 0; // the page on which a message was shown: one is enough
  let armed = null;
  let looking = 0;
  let close = null; // takes the message that is shown away

  const ask = async (id) => {
    const query = new URLSearchParams({ channel: "in_web", page: location.pathname, ...(id ? { id } : {}) });
    try {
      const { token } = settings;
      const given = recall("user") && (typeof token === "function" ? await token() : token);
      if (!given) query.set("anonymous_id", anonymousId());
      const authorization = given ? `Bearer ${given}` : `Basic ${btoa(`${settings.writeKey}:`)}`;
      const answer = await fetch(`${settings.host}/v1/messages?${query}`, { headers: { authorization } });
      return answer.ok ? await answer.json() : NOTHING;
    } catch (offline) {
      return NOTHING;
    }
  };

  const report = (what, message) => put("messages", { event: `message_${what}`, send_id: message.send_id });

  const element = (name, className, text, more) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    for (const [key, value] of Object.entries(more || {})) made.setAttribute(key, value);
    return made;
  };

  const cross = () => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", "M6 6l12 12M18 6L6 18");
    path.setAttribute("stroke", "currentColor");
    path.setAttribute("stroke-width", "2");
    path.setAttribute("stroke-linecap", "round");
    svg.append(path);
    return svg;
  };

  /** A style sheet that no policy forbids: made by script, or with the nonce of the page. */
  const styled = (root) => {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      root.adoptedStyleSheets = [sheet];
    } catch (old) {
      const style = element("style", "", CSS);
      style.nonce = settings.nonce || "";
      root.append(style);
    }
  };

  const show = (message) => {
    const shown = recall("seen") || [];
    const before = document.activeElement;
    used = view;
    // Shown before, and the word of it was lost on its way.
    if (shown.includes(message.send_id)) {
      report("shown", message);
      return;
    }
    keep("seen", [...shown, message.send_id].slice(-50));

    const { form } = message.show;
    const modal = form === "modal";
    const korean = (document.documentElement.lang || navigator.language).startsWith("ko");
    const host = element("dangol-message");
    const root = host.attachShadow({ mode: "open" });
    const name = message.title ? { "aria-labelledby": "title" } : { "aria-label": message.text };
    const box = element(modal ? "dialog" : "section", `box ${form}`, "", { ...name, "aria-describedby": "text" });
    const inner = element("div", "in");
    const say = element("div", message.title ? "say" : "say bare");
    const ended = new AbortController();

    close = () => {
      close = null;
      ended.abort();
      const within = root.activeElement;
      if (modal) box.close();
      host.remove();
      if (within && before && before.isConnected) before.focus();
    };
    const dismiss = () => {
      report("dismissed", message);
      if (close) close();
    };

    const x = element("button", "x", "", { type: "button", "aria-label": korean ? "닫기" : "Close" });
    x.append(cross());
    x.addEventListener("click", dismiss);
    if (message.title) say.append(element("h2", "", message.title, { id: "title" }));
    say.append(element("p", "", message.text, { id: "text" }));
    inner.append(x, say);
    if (message.cta && LINK.test(new URL(message.cta.link, location.href).protocol)) {
      const link = element("a", "", message.cta.label, { href: message.cta.link });
      link.addEventListener("click", () => {
        report("clicked", message);
        if (close) close();
      });
      inner.append(link);
    }
    if (message.close) {
      const no = element("button", "no", message.close, { type: "button" });
      no.addEventListener("click", dismiss);
      inner.append(no);
    }
    box.append(inner);
    styled(root);
    root.append(box);
    document.body.append(host);
    if (modal) {
      box.addEventListener("click", (event) => event.target === box && dismiss());
      box.addEventListener("cancel", (event) => {
        event.preventDefault();
        dismiss();
      });
      // The message itself is read out first; no button is one key press away from being chosen by mistake.
      box.tabIndex = -1;
      box.showModal();
      box.focus();
    } else {
      // Nothing is taken from whoever reads on: it is told, and Escape ends it.
      const live = element("div", "live", "", { role: "status" });
      root.append(live);
      setTimeout(() => (live.textContent = message.title || message.text), 100);
      const escape = (event) => event.key === "Escape" && !event.defaultPrevented && dismiss();
      document.addEventListener("keydown", escape, { signal: ended.signal });
    }
    report("shown", message);
  };

  /** The moment of a message has come: now it is asked for, and only now decided who sees it. */
  const moment = async (id, mine) => {
    if (mine !== view || used === view || close) return;
    used = view;
    const { messages } = await ask(id);
    if (mine === view && messages.length && !close) show(messages[0]);
    else if (mine === view) used = 0;
  };

  const arm = ({ id, show: { on, after, depth } }, signal) => {
    const mine = view;
    let come = false;
    const once = () => {
      if (!come) moment(id, mine);
      come = true;
    };
    if (on === "delay") {
      const wait = setTimeout(once, after);
      signal.addEventListener("abort", () => clearTimeout(wait));
    }
    if (on === "scroll") {
      const far = () => {
        const { scrollHeight } = document.documentElement;
        if ((scrollY + innerHeight) / scrollHeight >= depth) once();
      };
      addEventListener("scroll", far, { signal, passive: true });
      far();
    }
    if (on === "exit") {
      // A mouse leaves over the top; where there is none, somebody who was away comes back.
      const leaves = (event) => !event.relatedTarget && event.clientY <= 0 && once();
      document.addEventListener("mouseout", leaves, { signal });
      const returns = () => document.visibilityState === "visible" && matchMedia("(hover: none)").matches && once();
      document.addEventListener("visibilitychange", returns, { signal });
    }
  };

  const disarm = () => {
    view += 1;
    clearTimeout(looking);
    if (armed) armed.abort();
    armed = new AbortController();
  };

  /** Ask what waits for this page, and be there when its moment comes. */
  const look = async () => {
    const mine = view;
    const { messages, waiting: later } = await ask();
    if (mine !== view) return;
    if (messages.length && !close) show(messages[0]);
    for (const one of later) arm(one, armed.signal);
  };

  /** A page is seen, or by somebody else: whoever says so in the same breath is asked for together. */
  const seen = () => {
    if (settings.messages === false || !allowed()) return;
    disarm();
    looking = setTimeout(look, 20);
  };

  // --- web push ------------------------------------------------------------------------------------------------

  const bytes = (base64) => {
    const plain = atob(base64.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  };

  const warn = (error) => console.warn(`dangol: ${error.message}`);

  const manager = async () => {
    const { worker = "/dangol-sw.js" } = settings.push;
    const address = `${worker}?host=${encodeURIComponent(settings.host)}`;
    return (await navigator.serviceWorker.register(address)).pushManager;
  };

  let left = null; // until the pushes of whoever logged out have ended

  /** Whoever logs out takes their pushes along: their address is no good any more. */
  const unsubscribed = async () => {
    const found = await (await manager()).getSubscription();
    if (found) await found.unsubscribe();
  };

  /** Where this browser takes pushes; told where that, or whose it is, is news. */
  const subscribed = async () => {
    const { vapidKey, wording } = settings.push;
    await left;
    const pushManager = await manager();
    const key = bytes(vapidKey);
    let found = await pushManager.getSubscription();
    const theirs = found && found.options.applicationServerKey;
    if (theirs && String(new Uint8Array(theirs)) !== String(key)) {
      await found.unsubscribe();
      found = null;
    }
    found = found || (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
    const subscription = JSON.stringify(found);
    const user = recall("user");
    if (recall("push") === `${user} ${subscription}`) return;
    keep("push", `${user} ${subscription}`);
    const agreed = { categoryPreferences: { web_push: true }, wording };
    call("identify", { traits: { web_push: subscription }, ...(wording && user ? { context: { consent: agreed } } : {}) });
  };

  /** A browser exchanges its address now and then, and people log in. */
  const resubscribed = () => {
    if (settings.push && allowed() && recall("push") && Notification.permission === "granted") {
      subscribed().catch(warn);
    }
  };

  // --- what a site calls -------------------------------------------------------------------------------------

  const dangol = {
    /** Begin: `{host, writeKey}`, and what docs/dangol-js.md lists. */
    init(given) {
      if (settings) return;
      if (!given || !given.host || !given.writeKey) throw new Error("dangol.init needs host and writeKey");
      settings = { ...given, host: given.host.replace(/\/+$/, "") };
      back();
      addEventListener("pagehide", leave);
      document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? leave() : back()));
      if (settings.page !== false) dangol.page();
      resubscribed();
    },

    /** Who this is, from now on; `traits` are what is known of them. */
    identify(userId, traits) {
      if (!settings || !allowed()) return;
      const before = recall("user");
      keep("user", String(userId));
      call("identify", { traits: traits || {} });
      if (before === String(userId)) return;
      if (view) seen();
      resubscribed();
    },

    /** That something was done. */
    track(event, properties) {
      call("track", { event, properties: properties || {} });
    },

    /** That a page was seen; a site that changes pages by itself calls it each time. */
    page(properties) {
      if (!settings) return;
      const { pathname: path, search, href } = location;
      const { title, referrer } = document;
      call("page", { properties: { path, search, title, referrer, url: href.split("#")[0], ...properties } });
      seen();
    },

    /** Whether this person allows all this; what they say is kept, and outlives the browser's own signal. */
    consent(given) {
      if (!settings) return;
      const before = allowed();
      if (!given) {
        waiting = [];
        for (const name of ["id", "user", "waiting", "seen", "push"]) keep(name, null);
        cookie("", 0);
        disarm();
      }
      keep("consent", Boolean(given));
      if (given && !before && settings.page !== false) dangol.page();
    },

    /** Ask for web pushes, as somebody clicks; whether they are taken now. */
    async subscribe() {
      if (!settings || !settings.push || !allowed() || !("PushManager" in window)) return false;
      if ((await Notification.requestPermission()) !== "granted") return false;
      await subscribed();
      return true;
    },

    /** Log out: whoever comes next on this browser is somebody else. */
    reset() {
      if (!settings) return;
      flush();
      if (close) close();
      disarm();
      if (settings.push && recall("push")) left = unsubscribed().catch(warn);
      for (const name of ["id", "user", "seen"]) keep(name, null);
      cookie("", 0);
    },

    flush,
  };

  window.dangol = dangol;
})();
