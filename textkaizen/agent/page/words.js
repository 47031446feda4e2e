// What the page says, by language; the first that the reader prefers is taken, else English.

const WORDS = {
  en: {
    about: (model) => `${model.labels.length} topics, learnt from ${model.texts ?? "some"} texts`,
    token: "Token of this server",
    enter: "Enter",
    wrongToken: "That was not the token.",
    greeting: "What would you like to know?",
    conversation: "Conversation",
    message: "Your message",
    send: "Send",
    hint: "Enter sends, Shift+Enter begins a new line.",
    mine: "You",
    theirs: "Answer",
    details: "Details",
    likely: "What it may be about",
    why: "Why?",
    words: "Words that decided",
    noWords: "No word decided.",
    good: "Good answer",
    bad: "Bad answer",
    thanks: "Thank you, it is noted.",
    waiting: "Waiting for the answer",
    failed: "There was no answer.",
    tooMany: (seconds) => `Too many messages. Try again in ${seconds} s.`,
    tooLong: (most) => `Please write at most ${most} characters.`,
    again: "Try again",
  },
  ja: {
    about: (model) => `${model.texts ?? "いくつか"}件の文から学んだ${model.labels.length}種類の話題`,
    token: "このサーバーのトークン",
    enter: "入る",
    wrongToken: "トークンが違います。",
    greeting: "ご質問をどうぞ。",
    conversation: "会話",
    message: "メッセージ",
    send: "送信",
    hint: "Enterで送信、Shift+Enterで改行します。",
    mine: "あなた",
    theirs: "回答",
    details: "詳細",
    likely: "考えられる話題",
    why: "理由",
    words: "決め手になった言葉",
    noWords: "決め手になった言葉はありません。",
    good: "良い回答",
    bad: "良くない回答",
    thanks: "ありがとうございます。記録しました。",
    waiting: "回答を待っています",
    failed: "回答がありませんでした。",
    tooMany: (seconds) => `メッセージが多すぎます。${seconds}秒後にもう一度お試しください。`,
    tooLong: (most) => `${most}文字以内でお書きください。`,
    again: "もう一度",
  },
  de: {
    about: (model) => `${model.labels.length} Themen, gelernt aus ${model.texts ?? "einigen"} Texten`,
    token: "Token dieses Servers",
    enter: "Eintreten",
    wrongToken: "Das war nicht der Token.",
    greeting: "Was möchten Sie wissen?",
    conversation: "Gespräch",
    message: "Ihre Nachricht",
    send: "Senden",
    hint: "Enter sendet, Umschalt+Enter beginnt eine neue Zeile.",
    mine: "Sie",
    theirs: "Antwort",
    details: "Einzelheiten",
    likely: "Worum es gehen könnte",
    why: "Warum?",
    words: "Wörter, die entschieden haben",
    noWords: "Kein Wort hat entschieden.",
    good: "Gute Antwort",
    bad: "Schlechte Antwort",
    thanks: "Danke, es ist notiert.",
    waiting: "Die Antwort kommt gleich",
    failed: "Es kam keine Antwort.",
    tooMany: (seconds) => `Zu viele Nachrichten. Bitte in ${seconds} s noch einmal.`,
    tooLong: (most) => `Bitte höchstens ${most} Zeichen.`,
    again: "Noch einmal",
  },
};

const preferred = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
export const language = preferred.find((code) => code in WORDS) ?? "en";
export const words = WORDS[language];

export function translatePage() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-words]")) {
    element.textContent = words[element.dataset.words];
  }
  for (const element of document.querySelectorAll("[data-words-label]")) {
    element.setAttribute("aria-label", words[element.dataset.wordsLabel]);
  }
}
