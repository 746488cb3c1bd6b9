import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import 'graphiql/graphiql.css';

const fetcher = async (params: object): Promise<object> => {
  const answer = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(params),
  });
  return (await answer.json()) as object;
};

createRoot(document.querySelector('#graphiql')!).render(
  createElement(GraphiQL, { fetcher: fetcher as never }),
);
