import { SHELL } from '../texts/shell.js';
import { ViewTitle } from '../parts/view-title.js';

export default function View() {
  return <ViewTitle title={SHELL.views.decisions} />;
}
