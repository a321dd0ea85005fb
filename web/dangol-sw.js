/* dangol-sw.js: shows the web pushes of your own dangol, and tells that they were shown and clicked. ES2019.
 * Copyright the dangol contributors, MIT. docs/dangol-js.md tells how to use it. */
"use strict";

// Where to tell it: dangol.js names it as it registers this worker.
const HOST = new URL(self.location.href).searchParams.get("host");
const TRIES = [0, 1000, 5000]; // milliseconds before each

const tell = async (what, sendId) => {
  const body = JSON.stringify({ event: `message_${what}`, send_id: sendId });
  for (const wait of TRIES) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      // A plain text needs no preflight. What is refused for good is not said again.
      const headers = { "content-type": "text/plain" };
      const { status } = await fetch(`${HOST}/v1/messages`, { method: "POST", body, headers, keepalive: true });
      if (status < 500 && status !== 429) return;
    } catch (offline) {
      console.warn(`dangol: message_${what} is not told yet`);
    }
  }
};

const shown = async (message) => {
  const { title, body, icon, image, link, send_id: sendId } = message;
  // The same message again takes the place of the one that is there.
  await self.registration.showNotification(title, { body, icon, image, tag: sendId, data: { link, sendId } });
  await tell("shown", sendId);
};

const follow = async (link) => {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = open.find((client) => client.url === link);
  return there ? there.focus() : self.clients.openWindow(link);
};

self.addEventListener("push", (event) => {
  event.waitUntil(shown(event.data.json()));
});

self.addEventListener("notificationclick", (event) => {
  const { link, sendId } = event.notification.data;
  event.notification.close();
  event.waitUntil(Promise.all([tell("clicked", sendId), link ? follow(new URL(link, self.location.href).href) : null]));
});

// A new version takes over at once: it is the same for every page.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
