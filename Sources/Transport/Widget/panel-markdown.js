// Formatted texts, as a closed subset: paragraphs, line breaks, **bold**, *italic*, `code`, fenced code,
// lists of two levels, quotes, [links](https://…) and bare https addresses. Everything else is text.
//
// A text is parsed to a tree and the tree is built with createElement and text nodes. Parsing takes time
// linear in the length, and works on the beginning of a text: a mark that isn't closed is text until it is.

const FENCE = /^ {0,3}(`{3,})([^`]*)$/;
const CLOSING_FENCE = /^ {0,3}`{3,} *$/;
const LIST_ITEM = /^( *)(?:([-•])|(\d{1,9})[.)]) +(\S.*)$/;
const LINK = /\[([^[\]\n]{1,500})\]\(([^()\s]{1,2048})\)/y;
const ADDRESS = /https:\/\/[^\s<>"'`*|\\^{}[\]]+/y;

/** An address that a link may have, or null: https, http or mailto, after the URL parser's own cleaning. */
function linkAddress(text) {
  try {
    const url = new URL(text);
    return ['https:', 'http:', 'mailto:'].includes(url.protocol) && !url.username && !url.password ? url : null;
  } catch {
    return null;
  }
}

/** The blocks of a text: `{type, …}` of type paragraph, code, list or quote. */
function parseBlocks(text) {
  const lines = text.split(/\r\n?|\n/);
  const lastFence = lines.findLastIndex((line) => CLOSING_FENCE.test(line));
  const blocks = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index];
    if (line.trim() === '') index += 1;
    else if (index < lastFence && FENCE.test(line)) index = takeCode(lines, index, blocks);
    else if (LIST_ITEM.test(line)) index = takeList(lines, index, blocks);
    else if (/^ {0,3}>/.test(line)) index = takeQuote(lines, index, blocks);
    else index = takeParagraph(lines, index, blocks);
  }
  return blocks;
}

/** Code up to the next closing fence; the caller knows that there is one. */
function takeCode(lines, start, blocks) {
  let end = start + 1;
  while (!CLOSING_FENCE.test(lines[end])) end += 1;
  blocks.push({ type: 'code', text: lines.slice(start + 1, end).join('\n') });
  return end + 1;
}

/** A list with its nested lists; lines that are indented further belong to the item above them. */
function takeList(lines, start, blocks) {
  const isOrdered = (match) => match[3] !== undefined;
  const first = LIST_ITEM.exec(lines[start]);
  const list = { type: 'list', start: isOrdered(first) ? Number(first[3]) : null, items: [] };
  let index = start;
  for (; index < lines.length; index += 1) {
    const match = LIST_ITEM.exec(lines[index]);
    const last = list.items.at(-1);
    const isNested = last && /^ {2,}\S/.test(lines[index]);
    if (match && !isNested && isOrdered(match) !== isOrdered(first)) break;
    if (match && isNested) {
      last.nested ??= { type: 'list', start: isOrdered(match) ? Number(match[3]) : null, items: [] };
      last.nested.items.push({ text: match[4] });
    } else if (match) {
      list.items.push({ text: match[4] });
    } else if (isNested) {
      const item = last.nested?.items[last.nested.items.length - 1] ?? last;
      item.text += `\n${lines[index].trim()}`;
    } else if (!(lines[index].trim() === '' && LIST_ITEM.test(lines[index + 1] ?? ''))) {
      break;
    }
  }
  blocks.push(list);
  return index;
}

function takeQuote(lines, start, blocks) {
  let end = start;
  while (end < lines.length && /^ {0,3}>/.test(lines[end])) end += 1;
  blocks.push({ type: 'quote', text: lines.slice(start, end).map((line) => line.replace(/^ {0,3}> ?/, '')).join('\n') });
  return end;
}

function takeParagraph(lines, start, blocks) {
  let end = start + 1;
  const begins = (line) => line.trim() === '' || LIST_ITEM.test(line) || /^ {0,3}>/.test(line) || FENCE.test(line);
  while (end < lines.length && !begins(lines[end])) end += 1;
  blocks.push({ type: 'paragraph', text: lines.slice(start, end).join('\n') });
  return end;
}

/**
 * The inline parts of a text: strings and `{type: 'strong' | 'em' | 'code' | 'link', children, url}`.
 *
 * `frames` are the marks that are open, at most one of each kind; one that stays open becomes text again.
 */
function parseInline(text, isFormatted = true, hasLinks = true) {
  const frames = [{ mark: '', children: [] }];
  const runs = isFormatted ? backtickRuns(text) : new Map();
  let plain = 0;
  let index = 0;
  const top = () => frames.at(-1);
  const flush = (end) => end > plain && top().children.push(text.slice(plain, end));
  const put = (node, end) => (flush(index), top().children.push(node), (plain = index = end));

  while (index < text.length) {
    const character = text[index];
    if (character === '`' && isFormatted) {
      const length = /`+/y.exec(text.slice(index, index + 64))[0].length;
      const close = nextRun(runs, length, index);
      if (close === undefined) index += length;
      else put({ type: 'code', children: [text.slice(index + length, close)] }, close + length);
    } else if (character === '[' && isFormatted && hasLinks) {
      const found = match(LINK, text, index);
      const url = found && linkAddress(found[2]);
      if (url) put({ type: 'link', url, children: parseInline(found[1], true, false) }, index + found[0].length);
      else index += 1;
    } else if (character === 'h' && hasLinks && !/\w/.test(text[index - 1] ?? '')) {
      const found = match(ADDRESS, text, index)?.[0].replace(/[.,;:!?)]+$/, '');
      const url = found && linkAddress(found);
      if (url) put({ type: 'link', url, children: [found] }, index + found.length);
      else index += 1;
    } else if (character === '*' && isFormatted) {
      const mark = text[index + 1] === '*' ? '**' : '*';
      flush(index);
      takeMark(frames, mark, text[index - 1] ?? ' ', text[index + mark.length] ?? ' ');
      plain = index += mark.length;
    } else {
      index += 1;
    }
  }
  flush(text.length);
  while (frames.length > 1) reopen(frames);
  return frames[0].children;
}

/** Opens or closes bold or italic, or leaves the mark as text. */
function takeMark(frames, mark, before, after) {
  const isWord = (character) => /[\p{L}\p{N}]/u.test(character);
  const open = frames.findIndex((frame) => frame.mark === mark);
  if (open > 0 && !/\s/.test(before) && frames[open].children.length + frames.length - open > 1 && (mark === '**' || !isWord(after))) {
    while (frames.length - 1 > open) reopen(frames);
    const { children } = frames.pop();
    frames.at(-1).children.push({ type: mark === '**' ? 'strong' : 'em', children });
  } else if (open < 0 && !/\s/.test(after) && (mark === '**' || !isWord(before))) {
    frames.push({ mark, children: [] });
  } else {
    frames.at(-1).children.push(mark);
  }
}

/** The mark on top was never closed: it's text, and what came after it belongs to what it stood in. */
function reopen(frames) {
  const { mark, children } = frames.pop();
  const target = frames.at(-1).children;
  target.push(mark);
  for (const child of children) target.push(child);
}

const match = (pattern, text, index) => ((pattern.lastIndex = index), pattern.exec(text));

/** Where runs of backticks are, by their length; looked through once, from the left. */
function backtickRuns(text) {
  const runs = new Map();
  for (const { 0: run, index } of text.matchAll(/`{1,64}/g)) {
    if (!runs.has(run.length)) runs.set(run.length, { places: [], next: 0 });
    runs.get(run.length).places.push(index);
  }
  return runs;
}

function nextRun(runs, length, after) {
  const run = runs.get(length);
  if (!run) return undefined;
  while (run.next < run.places.length && run.places[run.next] <= after) run.next += 1;
  return run.places[run.next];
}

// Building

/** The nodes of a text. A plain one has line breaks and bare addresses, and no other marks. */
function formatted(text, format) {
  const clean = withoutMarkPiles(text);
  if (format !== 'markdown') return inlineNodes(parseInline(clean, false));
  return parseBlocks(clean).map(blockNode);
}

function blockNode(block) {
  switch (block.type) {
    case 'code':
      return codeNode(block.text);
    case 'list':
      return listNode(block);
    case 'quote':
      return element('blockquote', {}, ...inlineNodes(parseInline(block.text)));
    default:
      return element('p', {}, ...inlineNodes(parseInline(block.text)));
  }
}

function listNode({ start, items }) {
  const name = start === null ? 'ul' : 'ol';
  const item = ({ text, nested }) => element('li', {}, ...inlineNodes(parseInline(text)), ...(nested ? [listNode(nested)] : []));
  return element(name, { start: start > 1 ? start : null }, ...items.map(item));
}

function codeNode(text) {
  const copied = () => (copy.textContent = say('copied'));
  const copy = makeButton(() => navigator.clipboard?.writeText(text).then(copied, () => {}), { class: 'copy' }, say('copy'));
  // Reachable by keyboard, since it may scroll sideways.
  return element('div', { class: 'code', dir: 'ltr' }, element('pre', { tabindex: '0', role: 'group', 'aria-label': say('code') }, element('code', {}, text)), copy);
}

function inlineNodes(parts) {
  return parts.map((part) => {
    if (typeof part === 'string') return part;
    if (part.type === 'link') return linkNode(part.url, inlineNodes(part.children), part.children.join(''));
    return element(part.type, part.type === 'code' ? { dir: 'ltr' } : {}, ...inlineNodes(part.children));
  });
}

/** A link; where its words don't say where it leads, the host stands beside them. */
function linkNode(url, children, words) {
  const link = element('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow', title: url.host || url.pathname }, ...children);
  if (!url.host || words.includes(url.host) || url.origin === location.origin) return link;
  const outer = element('span', { class: 'link' }, link, ' ', element('bdi', { class: 'host' }, `(${url.host})`));
  return outer;
}

/** More than eight marks on one letter draw over the neighbours; the text itself stays as it is. */
const withoutMarkPiles = (text) => text.replace(/(\p{M}{8})\p{M}+/gu, '$1');
