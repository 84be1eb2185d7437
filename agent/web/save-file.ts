// Hands a text that the page has to its reader as a file.

/** Some browsers fetch it only a little later. */
const keptMs = 60_000;

export function saveFile(name: string, text: string, mediaType: string): void {
	const url = URL.createObjectURL(new Blob([text], {type: mediaType}));
	const link = document.createElement('a');
	link.href = url;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(url), keptMs);
}
