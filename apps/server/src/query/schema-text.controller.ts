import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Controller, Get, Headers, Res } from '@nestjs/common';
import { sha256 } from '@klpreg/wire';
import type { FastifyReply } from 'fastify';

/** The schema in the schema definition language. */
export const SCHEMA = readFileSync(path.resolve(import.meta.dirname, '../../schema.graphql'), 'utf8');

/** Serves the schema as text, for people and for tools that do not introspect. */
@Controller('graphql/schema')
export class SchemaTextController {
  private readonly etag = `"${sha256(SCHEMA)}"`;

  @Get()
  read(@Headers('if-none-match') known: string | undefined, @Res() reply: FastifyReply): void {
    // a cache may keep it, and asks each time whether it still holds
    void reply.headers({ etag: this.etag, 'cache-control': 'private, no-cache' });
    if (this.isKnown(known)) void reply.code(304).send();
    else void reply.type('text/plain; charset=utf-8').send(SCHEMA);
  }

  /** Whether the client has this text. */
  private isKnown(tags = ''): boolean {
    return tags.split(',').some((tag) => ['*', this.etag].includes(tag.trim().replace(/^W\//, '')));
  }
}
