// A router in a few lines. The chat is an element at the end of the body, so it outlives the pages.

// Calls from before the chat's script has come are kept and made up.
window.claudeChat ??= [];
const chat = (...call) => window.claudeChat.push(call);

const pages = {
  '/': { title: 'Beans', text: 'Roasted on Tuesdays.' },
  '/cart': { title: 'Cart', text: 'One bag of beans.' },
};

function show() {
  const path = location.hash.slice(1) || '/';
  const page = pages[path] ?? pages['/'];
  const heading = Object.assign(document.createElement('h1'), { textContent: page.title });
  const text = Object.assign(document.createElement('p'), { textContent: page.text });
  document.querySelector('main').replaceChildren(heading, text);
  document.title = page.title;
  // What the rules see as the page: an address behind # is no path to a browser.
  chat('setPage', { path, title: page.title });
  chat('setContext', { bags: path === '/cart' ? 1 : null });
}

addEventListener('hashchange', show);
show();
