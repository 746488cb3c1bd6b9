import { render } from 'preact';
import { App } from './app.js';
import './style/tokens.css';
import './style/page.css';
import './style/controls.css';
import './style/tables.css';
import './style/verdicts.css';
import './style/answers.css';
import { followTheme } from './theme.js';

followTheme();
render(<App />, document.querySelector('#page')!);
