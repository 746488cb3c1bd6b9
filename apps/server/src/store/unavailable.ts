/** The database cannot be used. The message is for whoever runs the server: what is wrong, where, and what to do next. */
export class DatabaseUnavailable extends Error {}
