// Finds the fonts that a PDF in Chinese is set in: those of an optional package, which may not be there.

import {readFile} from 'node:fs/promises';

export type Fonts = {readonly regular: Uint8Array; readonly bold: Uint8Array};

/** The package that has them; about 40 MB. */
export const chineseFontPackage = '@embedpdf/fonts-sc';

/** Undefined where the package is not installed. */
export async function readChineseFonts(): Promise<Fonts | undefined> {
	try {
		const place = new URL('../fonts/', import.meta.resolve(chineseFontPackage));
		const [regular, bold] = await Promise.all(
			['NotoSansHans-Regular.otf', 'NotoSansHans-Bold.otf'].map(name => readFile(new URL(name, place))),
		);
		return {regular: regular!, bold: bold!};
	} catch {
		return undefined;
	}
}
