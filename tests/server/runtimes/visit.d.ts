// So that a Worker's types need not know a page's.

export function visit(url: string): Promise<{ heard: string[]; same: boolean[]; down: string }>;
