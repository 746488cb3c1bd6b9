/** @jsxImportSource react */
import { createRoot } from 'react-dom/client';
import { Page } from './page.js';

createRoot(document.querySelector('#graphiql')!).render(<Page />);
