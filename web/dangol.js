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
    },

    /** Who this is, from now on; `traits` are what is known of them. */
    identify(userId, traits) {
      if (!settings || !allowed()) return;
      keep("user", String(userId));
      call("identify", { traits: traits || {} });
    },

    /** That something was done. */
    track(event, properties) {
      call("track", { event, properties: properties || {} });
    },

    /** That a page was seen; a site that changes pages by itself calls it each time. */
    page(properties) {
      const { pathname: path, search, href } = location;
      const { title, referrer } = document;
      call("page", { properties: { path, search, title, referrer, url: href.split("#")[0], ...properties } });
    },

    /** Whether this person allows all this; what they say is kept, and outlives the browser's own signal. */
    consent(given) {
      if (!settings) return;
      const before = allowed();
      if (!given) {
        waiting = [];
        for (const name of ["id", "user", "waiting"]) keep(name, null);
        cookie("", 0);
      }
      keep("consent", Boolean(given));
      if (given && !before && settings.page !== false) dangol.page();
    },

    /** Log out: whoever comes next on this browser is somebody else. */
    reset() {
      if (!settings) return;
      flush();
      keep("user", null);
      keep("id", null);
      cookie("", 0);
    },

    flush,
  };

  window.dangol = dangol;
})();
