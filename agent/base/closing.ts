// Closes what was opened, in reverse order. Node 20 has no AsyncDisposableStack.

export type Closing = {
	/** Takes over a resource; gives it back for use. */
	readonly use: <T extends AsyncDisposable>(resource: T) => T;
	/** Runs at the close, in its turn. */
	readonly defer: (close: () => Promise<void> | void) => void;
	/** Closes all, newest first, each even if another failed; then throws the first failure. Does nothing the second time. */
	readonly close: () => Promise<void>;
};

export function createClosing(): Closing {
	const closes: (() => Promise<void> | void)[] = [];
	return {
		use: resource => {
			closes.push(() => resource[Symbol.asyncDispose]() as Promise<void>);
			return resource;
		},
		defer: close => {
			closes.push(close);
		},
		close: async () => {
			const failures: unknown[] = [];
			for (let close = closes.pop(); close !== undefined; close = closes.pop()) {
				try {
					await close();
				} catch (error) {
					failures.push(error);
				}
			}
			if (failures.length > 0) throw failures[0];
		},
	};
}
