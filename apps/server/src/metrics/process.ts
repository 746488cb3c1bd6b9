import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge } from 'prom-client';
import { Database } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import { VERSION } from '../version.js';
import { Metrics } from './metrics.js';

/** The process (metrics of prom-client), its version, its clock and its database connections. */
@Injectable()
export class ProcessMetrics {
  constructor(metrics: Metrics, main: Database, read: ReadDatabase) {
    const registers = [metrics];
    collectDefaultMetrics({ register: metrics });
    new Gauge({
      name: 'klpreg_build_info',
      help: 'Always 1. The labels are the version of the server and of Node.js.',
      labelNames: ['version', 'node'],
      registers,
    }).set({ version: VERSION, node: process.version }, 1);
    void new Gauge({
      name: 'klpreg_clock_offset_seconds',
      help: "How far the clock of this machine is ahead of the database's clock, which the registry uses.",
      registers,
      collect() {
        const { offsetMs } = main.time;
        if (offsetMs === null) this.remove();
        else this.set(offsetMs / 1000);
      },
    });
    const pools = read === main ? { main } : { main, replica: read };
    const connections = (name: string, help: string, valueOf: (pool: Database['pool']) => number) =>
      void new Gauge({
        name,
        help,
        labelNames: ['database'],
        registers,
        collect() {
          for (const [database, { pool }] of Object.entries(pools)) this.set({ database }, valueOf(pool));
        },
      });
    connections(
      'klpreg_database_connections',
      'Open connections to the database.',
      (pool) => pool.totalCount,
    );
    connections(
      'klpreg_database_connections_idle',
      'Open connections that are not used.',
      (pool) => pool.idleCount,
    );
    connections(
      'klpreg_database_waiting',
      'Statements that wait for a connection.',
      (pool) => pool.waitingCount,
    );
  }
}
