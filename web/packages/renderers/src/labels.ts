/** The few words of ours on the page, by language: close, remind me later, "{n} of {count}". */
const WORDS: Record<string, readonly [close: string, later: string, progress: string]> = {
  en: ['Close', 'Remind me later', '# of #'],
  fr: ['Fermer', 'Me le rappeler plus tard', '# sur #'],
  es: ['Cerrar', 'Recordármelo más tarde', '# de #'],
  de: ['Schließen', 'Später erinnern', '# von #'],
  pt: ['Fechar', 'Lembrar mais tarde', '# de #'],
  it: ['Chiudi', 'Ricordamelo più tardi', '# di #'],
  nl: ['Sluiten', 'Later herinneren', '# van #'],
  ja: ['閉じる', '後で通知する', '# / #'],
  zh: ['关闭', '稍后提醒', '# / #'],
  ar: ['إغلاق', 'ذكّرني لاحقًا', '# / #'],
}

export interface Labels {
  close: string
  later: string
  progress(step: number, count: number): string
}

/** Our words in the reader's language, English where we have none. */
export function labelsFor(locale: string): Labels {
  const [close, later, progress] = WORDS[locale.split('-')[0] as string] ?? (WORDS['en'] as (typeof WORDS)[string])
  return { close, later, progress: (step, count) => progress.replace('#', `${step}`).replace('#', `${count}`) }
}
