/** A text from outside on one line, cut where it does not fit. Its whole is in the title. */
export const OneLine = ({ text, href }: { text: string; href?: string }) =>
  href === undefined ? (
    <span class="one-line" title={text}>
      {text}
    </span>
  ) : (
    <a class="one-line" title={text} href={href}>
      {text}
    </a>
  );
