import { ADMIN } from '../texts/admin.js';
import { Copy } from '../parts/copy.js';
import { Dialog } from '../parts/dialog.js';

/** A secret that the registry shows once. */
export const ShownOnce = ({ title, text, close }: { title: string; text: string; close: () => void }) => (
  <Dialog title={title} close={close}>
    <p class="note warning">{ADMIN.shownOnce}</p>
    <Copy title={title} text={text} />
  </Dialog>
);
