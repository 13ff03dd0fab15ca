// Text with `code` and *emphasis* in it.
export function Text({ text }: { text: string }) {
  return <>{text.split(/(`[^`]+`|\*[^*]+\*)/).map((part) =>
    part.startsWith("`") ? <code>{part.slice(1, -1)}</code> : part.startsWith("*") && part.length > 1 ? <em>{part.slice(1, -1)}</em> : part)}</>;
}
