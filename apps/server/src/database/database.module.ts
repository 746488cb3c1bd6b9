import { Module } from '@nestjs/common';
import { Database, DATABASE_OPTIONS, type DatabaseOptions } from './database.js';
import { ReadDatabase, readDatabase } from './read-database.js';

/** The connections to the database and to its replica. */
@Module({
  providers: [
    Database,
    {
      provide: ReadDatabase,
      useFactory: (main: Database, options: DatabaseOptions) => readDatabase(main, options),
      inject: [Database, DATABASE_OPTIONS],
    },
  ],
  exports: [Database, ReadDatabase],
})
export class DatabaseModule {}
