// Turns the Solidity sources into contracts/generated/*.ts, so that whoever runs the agent needs no compiler, and into contracts/storage/*.json, which say where a contract keeps what.
//
// node contracts/build.mjs          writes the generated files
// node contracts/build.mjs --check  fails if they are not what the sources give
// node contracts/build.mjs --test   checks the bytecode that forge tests and the gas snapshot, then runs the forge tests
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const require = createRequire(import.meta.url);

/** What is published: the file to write, and the contract whose ABI and creation code it exports. With `layout` its storage is written down too, so that a change of it is seen. */
const published = [
	{file: 'anchor-registry.ts', source: 'AnchorRegistry.sol', contract: 'AnchorRegistry', name: 'anchorRegistry', layout: true},
	{file: 'device-registry.ts', source: 'DeviceRegistry.sol', contract: 'DeviceRegistry', name: 'deviceRegistry'},
	{file: 'allowance-auction.ts', source: 'AllowanceAuction.sol', contract: 'AllowanceAuction', name: 'allowanceAuction'},
	{file: 'cold-chain-escrow.ts', source: 'ColdChainEscrow.sol', contract: 'ColdChainEscrow', name: 'coldChainEscrow'},
	{file: 'energy-market.ts', source: 'EnergyMarket.sol', contract: 'EnergyMarket', name: 'energyMarket'},
	{file: 'market-rules.ts', source: 'MarketRules.sol', contract: 'MarketRules', name: 'marketRules'},
	{file: 'market-court.ts', source: 'MarketCourt.sol', contract: 'MarketCourt', name: 'marketCourt'},
	{file: 'market-slot-judge.ts', source: 'MarketSlotJudge.sol', contract: 'MarketSlotJudge', name: 'marketSlotJudge'},
	{file: 'market-order-judge.ts', source: 'MarketOrderJudge.sol', contract: 'MarketOrderJudge', name: 'marketOrderJudge'},
	{file: 'market-day-judge.ts', source: 'MarketDayJudge.sol', contract: 'MarketDayJudge', name: 'marketDayJudge'},
	{file: 'market-answers.ts', source: 'MarketAnswers.sol', contract: 'MarketAnswers', name: 'marketAnswers'},
	{file: 'market-readings.ts', source: 'MarketReadings.sol', contract: 'MarketReadings', name: 'marketReadings'},
	{file: 'carbon-allowance.ts', source: 'CarbonAllowance.sol', contract: 'CarbonAllowance', name: 'carbonAllowance'},
	{file: 'carbon-reports.ts', source: 'CarbonReports.sol', contract: 'CarbonReports', name: 'carbonReports'},
	// Worth nothing: what simulated communities pay each other with.
	{file: 'test-token.ts', source: 'TestToken.sol', contract: 'TestToken', name: 'testToken', folder: 'test/contracts'},
	// Of no site: what tests of the auction sell.
	{file: 'test-allowances.ts', source: 'TestAllowances.sol', contract: 'TestAllowances', name: 'testAllowances', folder: 'test/contracts'},
];

/** How far a gas figure may drift from contracts/.gas-snapshot, in per cent. */
const gasTolerance = 1;

/** A contract has at most so many bytes of code, and its creation code twice as many. [EIP-170, EIP-3860] */
const codeBytesMax = 24_576;

/**
 * What is compiled together, and for how many runs it is made cheap: the registry costs least in use; the market has so much to say that it would not fit then.
 * Must equal contracts/foundry.toml, whose bytecode is what the forge tests test.
 */
const groups = [
	{runs: 1_000_000, has: path => !isOfMarket(path)},
	{runs: 200, has: isOfMarket},
];

function isOfMarket(path) {
	return /Market|MeterReading|TestToken|Carbon|ReportChallenge/.test(path);
}

const settings = {
	evmVersion: 'paris',
	viaIR: false,
	metadata: {appendCBOR: false, bytecodeHash: 'none'},
	outputSelection: {'*': {'*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'storageLayout']}},
};

/** The text of an import: of this directory, or of OpenZeppelin's contracts as npm installed them, and of nothing else. */
function findImport(path) {
	const own = /^contracts\/(\w+\.sol)$/.exec(path);
	const foreign = /^@openzeppelin\/contracts\/(?:[\w-]+\/)*[\w-]+\.sol$/.test(path);
	if (own === null && !foreign) return {error: `imports come from this directory or from @openzeppelin/contracts, not from "${path}"`};
	try {
		return {contents: readFileSync(own === null ? require.resolve(path) : join(here, own[1]), 'utf8')};
	} catch (cause) {
		return {error: `${path}: ${cause.message}`};
	}
}

/** Compiles every source of this directory and what else is published, each group by itself; warnings fail as errors do. */
async function compile() {
	// Loaded here because it takes half a second, which a mistyped option need not.
	const {default: solc} = await import('solc');
	const paths = readdirSync(here)
		.filter(file => file.endsWith('.sol'))
		.map(file => `contracts/${file}`);
	for (const {source, folder} of published) if (folder !== undefined) paths.push(`${folder}/${source}`);
	const contracts = {};
	for (const {runs, has} of groups) {
		const own = paths.filter(has).sort();
		const sources = Object.fromEntries(own.map(path => [path, {content: readFileSync(join(root, path), 'utf8')}]));
		const input = {language: 'Solidity', sources, settings: {...settings, optimizer: {enabled: true, runs}}};
		const output = JSON.parse(solc.compile(JSON.stringify(input), {import: findImport}));
		const problems = output.errors ?? [];
		if (problems.length > 0) throw new Error(problems.map(problem => problem.formattedMessage).join('\n'));
		for (const path of own) contracts[path] = output.contracts[path];
	}
	return contracts;
}

/** A JSON value as a TypeScript literal in this project's style. */
function literal(value, indent = '') {
	if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
	if (typeof value !== 'object' || value === null) return String(value);
	const inner = `${indent}\t`;
	if (Array.isArray(value)) {
		if (value.length === 0) return '[]';
		return `[\n${value.map(one => `${inner}${literal(one, inner)},\n`).join('')}${indent}]`;
	}
	// Parameters stay on one line each.
	const fields = Object.entries(value);
	if (fields.every(([, field]) => typeof field !== 'object'))
		return `{${fields.map(([key, field]) => `${key}: ${literal(field)}`).join(', ')}}`;
	return `{\n${fields.map(([key, field]) => `${inner}${key}: ${literal(field, inner)},\n`).join('')}${indent}}`;
}

/** A name of the compiler's for a type, without the number of the syntax node that defines it: that changes with every edit of the sources. */
function plainType(type) {
	return type.replaceAll(/(t_(?:struct|userDefinedValueType|enum|contract)\([^()]*\))\d+/g, '$1');
}

/** Where a contract keeps what, by slot and byte from the lowest: as the compiler says, without what changes from edit to edit and from machine to machine. */
function storageText({storage, types}) {
	const places = list => list.map(({label, slot, offset, type}) => ({label, slot: Number(slot), offset, type: plainType(type)}));
	const described = Object.entries(types ?? {}).map(([name, {label, encoding, numberOfBytes, base, key, value, members}]) => [
		plainType(name),
		{
			label,
			encoding,
			bytes: Number(numberOfBytes),
			...(base === undefined ? {} : {base: plainType(base)}),
			...(key === undefined ? {} : {key: plainType(key), value: plainType(value)}),
			...(members === undefined ? {} : {members: places(members)}),
		},
	]);
	const sorted = described.toSorted(([a], [b]) => (a < b ? -1 : 1));
	return `${JSON.stringify({storage: places(storage), types: Object.fromEntries(sorted)}, undefined, '\t')}\n`;
}

function layouts(contracts) {
	return published
		.filter(({layout}) => layout === true)
		.map(({source, contract, folder = 'contracts'}) => ({
			path: join(here, 'storage', `${contract}.json`),
			shown: `contracts/storage/${contract}.json`,
			text: storageText(contracts[`${folder}/${source}`][contract].storageLayout),
		}));
}

function generate(contracts) {
	return published.map(({file, source, contract, name, folder = 'contracts'}) => {
		const {abi, evm} = contracts[`${folder}/${source}`][contract];
		const bytecode = evm.bytecode.object;
		if (!/^[0-9a-f]+$/.test(bytecode))
			throw new Error(`${contract}: expected bytecode that needs no linking, got "${bytecode.slice(0, 40)}…"`);
		const codeBytes = evm.deployedBytecode.object.length / 2;
		if (codeBytes > codeBytesMax) throw new Error(`${contract}: its code has ${codeBytes} bytes, and a contract at most ${codeBytesMax}`);
		const text = [
			`// The interface and creation code of ${folder}/${source}. Made by \`npm run contracts\`; do not edit.`,
			'',
			`export const ${name}Abi = ${literal(abi)} as const;`,
			'',
			`export const ${name}Bytecode = '0x${bytecode}';`,
			'',
		].join('\n');
		return {path: join(here, 'generated', file), shown: `contracts/generated/${file}`, contract, source, bytecode, text};
	});
}

function write(files) {
	for (const {path, shown, text} of files) {
		mkdirSync(dirname(path), {recursive: true});
		writeFileSync(path, text);
		console.log(`${shown} written`);
	}
}

/** Names every generated file that is missing or differs. */
function stale(files) {
	return files.filter(({path, text}) => {
		try {
			return readFileSync(path, 'utf8') !== text;
		} catch {
			return true;
		}
	});
}

/** The native program in forge's package for this platform; the package's own starter swallows the exit code. */
function forgeProgram() {
	const architecture = {x64: 'amd64', arm64: 'arm64'}[process.arch];
	const program = process.platform === 'win32' ? 'forge.exe' : 'forge';
	return require.resolve(`@foundry-rs/forge-${process.platform}-${architecture}/bin/${program}`);
}

/** Runs forge with this directory's settings and hands its exit code on. */
function forge(...args) {
	const {status, error} = spawnSync(forgeProgram(), args, {
		cwd: root,
		stdio: 'inherit',
		env: {...process.env, FOUNDRY_CONFIG: join(here, 'foundry.toml'), FOUNDRY_DISABLE_NIGHTLY_WARNING: '1'},
	});
	if (error) throw error;
	return status ?? 1;
}

function test(files) {
	const built = forge('build', '--quiet');
	if (built !== 0) return built;
	for (const {source, contract, bytecode} of files) {
		// What both kinds of source import is compiled for each, and which of the two gets the plain name is forge's to choose.
		// One that was built later, on top of what was there, it puts one folder deeper.
		const folders = [join(here, 'out', source), join(here, 'out', 'contracts', source)].filter(folder => existsSync(folder));
		const artifacts = folders.flatMap(folder =>
			readdirSync(folder)
				.filter(file => file.startsWith(`${contract}.`))
				.map(file => join(folder, file)),
		);
		if (!artifacts.some(path => JSON.parse(readFileSync(path, 'utf8')).bytecode.object === `0x${bytecode}`)) {
			console.error(`${contract}: forge's bytecode is not the published one; make the settings of foundry.toml and build.mjs equal`);
			return 1;
		}
	}
	const gas = forge(
		'snapshot',
		'--snap',
		'contracts/.gas-snapshot',
		'--check',
		'--tolerance',
		String(gasTolerance),
		'--match-contract',
		'GasTest',
	);
	const tests = forge('test');
	return tests !== 0 ? tests : gas;
}

const [option, ...rest] = process.argv.slice(2);
if (rest.length > 0 || !['--check', '--test', '--snapshot', undefined].includes(option)) {
	console.error(`unknown arguments "${process.argv.slice(2).join(' ')}"; expected nothing, --check, --test or --snapshot`);
	process.exitCode = 2;
} else if (option === '--snapshot') {
	process.exitCode = forge('snapshot', '--snap', 'contracts/.gas-snapshot', '--match-contract', 'GasTest');
} else {
	const contracts = await compile();
	const files = generate(contracts);
	const all = [...files, ...layouts(contracts)];
	if (option === undefined) {
		write(all);
	} else {
		const outdated = stale(all);
		for (const {shown} of outdated) console.error(`${shown} is not what the sources give; run "npm run contracts" and commit it`);
		if (outdated.length > 0) process.exitCode = 1;
		else if (option === '--test') process.exitCode = test(files);
		else console.log(`${all.map(({shown}) => shown).join(', ')} up to date`);
	}
}
