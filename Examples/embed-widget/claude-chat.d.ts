// What a page may use of the chat, for editors and compilers. Documentation/Widget.md says what it means.

export interface ClaudeChat {
  /** Resolves once the panel could be opened. */
  readonly ready: Promise<void>;
  /** A frozen view, with new values at each read. */
  readonly state: ClaudeChatState;

  open(): Promise<void>;
  close(): Promise<void>;
  toggle(): Promise<void>;
  toggleChat(): Promise<void>;
  /** Launcher and panel together. */
  show(): Promise<void>;
  hide(): Promise<void>;

  /** Sends as the visitor; resolves with what the server has acknowledged, rejects with a `ClaudeChatError`. */
  send(text: string, options?: { silent?: boolean }): Promise<{ readonly id: string; readonly seq: number }>;
  sendMessage(text: string, options?: { silent?: boolean }): Promise<{ readonly id: string; readonly seq: number }>;
  /** Puts a text into the field if it is empty. */
  prefill(text: string): Promise<void>;
  /** Returns the message changed, or `false` to keep it back. */
  beforeSend(change: (message: ClaudeChatMessage) => ClaudeChatMessage | false): Promise<void>;

  /** A visitor that the site vouches for. */
  identify(identity: { token: string } | { id: string; hash: string }): Promise<void>;
  /** At most 20 values; `null` takes one away. */
  setContext(values: Record<string, string | number | boolean | null>): Promise<void>;
  setPage(page: { path?: string; title?: string }): Promise<void>;
  setTheme(name: 'auto' | 'light' | 'dark'): Promise<void>;
  setSound(mode: 'hidden' | 'off' | 'on'): Promise<void>;
  /** Before the first opening. */
  setTexts(texts: Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>): Promise<void>;

  startPicker(): Promise<void>;
  startElementSelection(): Promise<void>;
  /** Exactly what would be sent. */
  collectPageContext(): Promise<ClaudeChatContext>;

  /** Forgets the conversation and begins another; asks first while something is unsent. */
  reset(): Promise<void>;
  /** Removes everything, listeners too. */
  destroy(): Promise<void>;

  on<Name extends keyof ClaudeChatEvents>(name: Name, handler: (detail: Readonly<ClaudeChatEvents[Name]>) => void): void;
  off<Name extends keyof ClaudeChatEvents>(name: Name, handler: (detail: Readonly<ClaudeChatEvents[Name]>) => void): void;
  /** `['open']`: a call that may come before the script. */
  push(call: [method: string, ...values: unknown[]]): void;
}

export interface ClaudeChatState {
  readonly isConnected: boolean;
  /** In a tab that follows another one a view of that one's; nothing on other transports. */
  readonly websocket: WebSocket | { readonly url: string; readonly protocol: string; readonly readyState: 1; readonly shared: true } | null;
  readonly isOpen: boolean;
  readonly unread: number;
  readonly sessionId: string | null;
  readonly page: string;
  readonly transport: 'websocket' | 'sse' | 'poll' | null;
  readonly connection: 'idle' | 'connecting' | 'online' | 'waiting' | 'offline' | 'stopped';
  readonly conversation: 'bot' | 'waiting' | 'human' | 'closed';
  readonly position: { readonly epoch: string; readonly seq: number } | null;
  /** Messages that are not acknowledged yet. */
  readonly outbox: number;
  readonly lastError: { readonly code: string; readonly time: string } | null;
}

/** The `detail` of each event; on `window` it is `claude-chat:NAME`. */
export interface ClaudeChatEvents {
  ready: {};
  open: {};
  close: {};
  'message:sent': { id: string; seq: number };
  /** `text` with `data-events="text"` alone. */
  'message:received': { id: string; seq: number; author: ClaudeChatAuthor | null; inReplyTo: string | null; text?: string };
  'message:failed': { id: string; code: string; retryable: boolean };
  'reply:start': { id: string; inReplyTo: string | null };
  'reply:end': { id: string; finish: string };
  typing: { state: 'start' | 'stop'; author: ClaudeChatAuthor };
  unread: { count: number };
  connection: { state: ClaudeChatState['connection']; transport: ClaudeChatState['transport'] };
  conversation: { state: ClaudeChatState['conversation'] };
  feedback: { id: string; value: 'up' | 'down' | 'none' };
  identify: {};
  'context:preview': {};
  reset: {};
  error: { code: string; temporary: boolean };
}

export interface ClaudeChatAuthor {
  kind?: string;
  name?: string;
}

export interface ClaudeChatMessage {
  message: string;
  context: ClaudeChatContext;
}

export interface ClaudeChatContext {
  page?: string;
  url?: string;
  title?: string;
  viewport?: { width: number; height: number };
  locale?: string;
  errors?: string[];
  vars?: Record<string, string | number | boolean>;
  selectedElement?: { selector: string; tag: string; text?: string };
}

export interface ClaudeChatError extends Error {
  code: string;
}

declare global {
  interface Window {
    claudeChat: ClaudeChat;
  }
}
