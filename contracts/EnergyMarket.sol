// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IEnergyMarket, MarketConfig, ProvenReading, ReadingStatus, Recipient, SlotStatus} from "./IEnergyMarket.sol";
import {IMarketRules} from "./IMarketRules.sol";
import {MarketProof} from "./MarketProof.sol";
import {MarketSignature} from "./MarketSignature.sol";
import {Balance, BalancesOpening, Certificate, DayHeader, MarketTypes, SlotHeader} from "./MarketTypes.sol";

/// @title One market's escrow and commitments. See IEnergyMarket for who does what, and for the rules of money and time.
/// @dev State is changed before tokens move, and every function that moves tokens is locked. Token units in three pots that never mix: escrow (deposits and what was earned
/// with them), bond, and credits. What the contract owns of the token is at least their sum.
contract EnergyMarket is IEnergyMarket {
    using SafeERC20 for IERC20;

    /// @dev Read by every payment, in one word: the lock is paid for by the change of the escrow beside it.
    struct Vault {
        uint128 escrow; //   token units of deposits, minus all that was paid out of them
        uint64 latestDay; // the newest posted day; days behind it are void, whatever is written there
        bool halted;
        bool locked;
    }

    /// @dev One word, so that whoever has a deposit pays little for the first claim.
    struct Account {
        uint128 deposited; // token units, minus withdrawals
        uint128 drawn; //     token units claimed in all
    }

    struct Withdrawal {
        uint128 amount;
        uint64 requestedAt;
    }

    struct Day {
        bytes32 hash;
        uint64 postedAt;
        uint8 attempts;
    }

    struct Demand {
        address by;
        uint64 answerBefore;
    }

    /// @dev What stands in the place of a header that was voided. No hash is this small.
    bytes32 private constant VOID = bytes32(uint256(1));
    uint8 public constant dayAttemptsMax = 16;

    bytes32 public immutable market;
    IMarketRules public immutable rules;
    address public immutable token;
    address public immutable registry;
    address public immutable court;
    address public immutable operator;
    uint256 public immutable nanoPerUnit;
    uint64 public immutable firstDay;
    uint64 public immutable challengeWindow;
    uint64 public immutable readingDeadline;
    uint64 public immutable answerWindow;
    uint64 public immutable withdrawDelay;
    uint64 public immutable escapeAfter;
    uint256 public immutable bondMin;
    uint256 public immutable penalty;
    uint256 public immutable demandStake;
    uint64 private immutable _openedAt;

    Vault private _vault;
    mapping(address account => Account) private _accounts;
    mapping(address account => Withdrawal) private _withdrawals;
    mapping(address account => uint256) public creditOf;
    mapping(address account => uint256) public payoutNonceOf;
    mapping(uint64 slot => bytes32) private _slots;
    mapping(uint64 day => Day) private _days;
    mapping(uint64 slot => mapping(bytes32 meter => ProvenReading)) private _readings;
    mapping(uint64 slot => mapping(bytes32 meter => Demand)) public demandOf;
    uint256 public bond;
    Withdrawal private _bondWithdrawal;

    modifier onlyOperator() {
        if (msg.sender != operator) revert NotOperator(msg.sender);
        _;
    }

    modifier onlyCourt() {
        if (msg.sender != court) revert NotCourt(msg.sender);
        _;
    }

    modifier nonReentrant() {
        _lock();
        _;
        _vault.locked = false;
    }

    constructor(MarketConfig memory config) {
        uint256 decimals = IERC20Metadata(config.token).decimals();
        _checkConfig("decimals", decimals, 0, 9);
        _checkConfig("challengeWindow", config.challengeWindow, 2 hours, 30 days);
        _checkConfig("answerWindow", config.answerWindow, 1 hours, config.challengeWindow / 2);
        _checkConfig("readingDeadline", config.readingDeadline, 0, 30 days);
        // Longer than it takes from a slot to the finality of its day.
        _checkConfig("withdrawDelay", config.withdrawDelay, config.challengeWindow + config.readingDeadline + 1 days, 365 days);
        _checkConfig("escapeAfter", config.escapeAfter, config.challengeWindow + config.readingDeadline + 2 days, 365 days);
        _checkConfig("penalty", config.penalty, 1, config.bondMin);
        if (config.operator == address(0)) revert NotOperator(address(0));

        IMarketRules rules_ = IMarketRules(config.rules);
        if (rules_.energyMarket() != address(this)) revert RulesOfAnother(config.rules, rules_.energyMarket());
        rules = rules_;
        market = rules_.market();
        token = config.token;
        registry = config.registry;
        court = config.court;
        operator = config.operator;
        nanoPerUnit = 10 ** (9 - decimals);
        challengeWindow = config.challengeWindow;
        readingDeadline = config.readingDeadline;
        answerWindow = config.answerWindow;
        withdrawDelay = config.withdrawDelay;
        escapeAfter = config.escapeAfter;
        bondMin = config.bondMin;
        penalty = config.penalty;
        demandStake = config.demandStake;

        uint64 day = MarketTypes.dayOf(rules_.paramsOf(1).effectiveFromSlot);
        firstDay = day;
        // Day 0 is in 1970, so that there is a day before the first.
        _vault.latestDay = day - 1;
        uint64 firstDayAt = day * 1 days;
        _openedAt = firstDayAt > block.timestamp ? firstDayAt : uint64(block.timestamp);
    }

    // ---- what the operator posts ----

    /// @inheritdoc IEnergyMarket
    function postSlot(SlotHeader calldata header, Certificate calldata) external onlyOperator {
        uint64 slot = header.slot;
        _checkPostable(slot);
        _checkByRules();

        bytes32 headerHash = MarketTypes.hash(header);
        _slots[slot] = headerHash;
        emit SlotPosted(slot, headerHash, header.volumeWh, header.priceBuy, header.priceSell);
    }

    /// @dev Asks the rules about the very bytes of this call's arguments, which cost little to hand on, and much to take apart and put together again.
    function _checkByRules() private view {
        (bool right, bytes memory problem) = address(rules).staticcall(bytes.concat(IMarketRules.checkSlot.selector, msg.data[4:]));
        if (right) return;
        assembly ("memory-safe") {
            revert(add(problem, 0x20), mload(problem))
        }
    }

    function _checkPostable(uint64 slot) private view {
        Vault memory vault = _vault;
        if (vault.halted) revert MarketIsHalted();
        // A day's rows were settled with the slots as they were when it was posted.
        if (MarketTypes.dayOf(slot) <= vault.latestDay) {
            revert DayAlreadyPosted(MarketTypes.dayOf(slot), vault.latestDay);
        }
        bytes32 commit = _slots[slot];
        if (commit == VOID) revert SlotIsVoid(slot);
        if (commit != 0) revert SlotAlreadyPosted(slot, commit);
    }

    /// @inheritdoc IEnergyMarket
    function postDay(DayHeader calldata header, BalancesOpening calldata balances) external onlyOperator {
        Vault memory vault = _vault;
        if (vault.halted) revert MarketIsHalted();
        uint64 number = header.day;
        if (number != vault.latestDay + 1) revert DayOutOfOrder(number, vault.latestDay + 1);
        uint256 opensAt = (uint256(number) + 1) * 1 days + readingDeadline;
        if (block.timestamp < opensAt) revert TooEarly(opensAt);
        if (bond < bondMin) revert BondTooSmall(bond, bondMin);
        Day storage day = _days[number];
        if (day.attempts >= dayAttemptsMax) revert TooManyAttempts(number);
        // Grid, retailer and pool have a leaf each, so the root is a node.
        if (header.accountCount < 3) revert TooFewAccounts(header.accountCount);

        bytes32 root = keccak256(
            abi.encodePacked(
                MarketTypes.BALANCE_NODE,
                balances.left,
                balances.leftCredit,
                balances.leftDebit,
                balances.right,
                balances.rightCredit,
                balances.rightDebit
            )
        );
        if (root != header.balancesRoot) revert WrongBalancesRoot(root, header.balancesRoot);
        uint256 credit = uint256(balances.leftCredit) + balances.rightCredit;
        uint256 debit = uint256(balances.leftDebit) + balances.rightDebit;
        if (credit != debit) revert CreditsUnequalDebits(credit, debit);

        bytes32 dayHash = MarketTypes.hash(header);
        day.hash = dayHash;
        day.postedAt = uint64(block.timestamp);
        day.attempts += 1;
        _vault.latestDay = number;
        emit DayPosted(number, dayHash, root, uint64(block.timestamp) + challengeWindow);
    }

    /// @inheritdoc IEnergyMarket
    function fundBond(uint256 amount) external nonReentrant {
        _pull(amount);
        bond += amount;
        emit BondFunded(msg.sender, amount);
    }

    /// @inheritdoc IEnergyMarket
    function requestBondWithdrawal(uint256 amount) external onlyOperator {
        if (amount > bond) revert BondTooSmall(bond, amount);
        _bondWithdrawal = Withdrawal(uint128(amount), uint64(block.timestamp));
        emit BondWithdrawalRequested(amount, uint64(block.timestamp) + withdrawDelay);
    }

    /// @inheritdoc IEnergyMarket
    function withdrawBond() external onlyOperator nonReentrant {
        Withdrawal memory request = _bondWithdrawal;
        if (request.amount == 0) revert NoWithdrawalRequested(msg.sender);
        _checkDelay(request);
        // What was slashed in the meantime is gone, and the least stays for as long as there is something to convict of.
        uint256 kept = _vault.halted ? 0 : bondMin;
        uint256 free = bond > kept ? bond - kept : 0;
        uint256 amount = request.amount < free ? request.amount : free;
        if (amount == 0) revert NothingToPay(msg.sender);
        delete _bondWithdrawal;
        bond -= amount;
        emit BondWithdrawn(amount);
        _pay(msg.sender, amount);
    }

    // ---- money of traders ----

    /// @inheritdoc IEnergyMarket
    function deposit(uint256 amount) external {
        depositFor(msg.sender, amount);
    }

    /// @inheritdoc IEnergyMarket
    function depositFor(address account, uint256 amount) public nonReentrant {
        if (_vault.halted) revert MarketIsHalted();
        if (court.code.length == 0) revert NoCourtThere(court);
        _pull(amount);
        // Below 2^128 together, because `_pull` takes less than that of a token, and the escrow is checked.
        _vault.escrow += uint128(amount);
        _accounts[account].deposited += uint128(amount);
        emit Deposited(account, msg.sender, amount);
    }

    /// @inheritdoc IEnergyMarket
    function requestWithdrawal(uint256 amount) external {
        uint256 deposited = _accounts[msg.sender].deposited;
        if (amount > deposited) revert DepositTooSmall(msg.sender, amount, deposited);
        _withdrawals[msg.sender] = Withdrawal(uint128(amount), uint64(block.timestamp));
        emit WithdrawalRequested(msg.sender, amount, uint64(block.timestamp) + withdrawDelay);
    }

    /// @inheritdoc IEnergyMarket
    function withdraw(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path, Recipient calldata recipient)
        external
        nonReentrant
        returns (uint256 paid)
    {
        address owner = balance.account;
        Withdrawal memory request = _withdrawals[owner];
        if (request.amount == 0) revert NoWithdrawalRequested(owner);
        _checkDelay(request);
        _checkLatestFinal(header);
        // All that stood when it was asked for is settled by then.
        uint64 requestDay = request.requestedAt / 1 days;
        if (header.day < requestDay) revert DayBeforeRequest(header.day, requestDay);
        _checkBalance(header, balance, index, path);

        Account storage account = _accounts[owner];
        uint256 free = _free(account, balance.cumNano);
        paid = request.amount;
        if (paid > account.deposited) paid = account.deposited;
        if (paid > free) paid = free;
        if (paid == 0) revert NothingToPay(owner);
        delete _withdrawals[owner];
        account.deposited -= uint128(paid);
        address to = _recipient(owner, recipient);
        emit Withdrawn(owner, to, paid);
        _payFromEscrow(to, paid);
    }

    /// @inheritdoc IEnergyMarket
    function claim(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path)
        external
        nonReentrant
        returns (uint256 paid)
    {
        return _claim(header, balance, index, path, balance.account);
    }

    /// @inheritdoc IEnergyMarket
    function claimTo(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path, Recipient calldata recipient)
        external
        nonReentrant
        returns (uint256 paid)
    {
        return _claim(header, balance, index, path, _recipient(balance.account, recipient));
    }

    function _claim(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path, address to)
        private
        returns (uint256 paid)
    {
        _checkLatestFinal(header);
        _checkBalance(header, balance, index, path);
        Account storage account = _accounts[balance.account];
        int256 earned = _unitsOf(balance.cumNano);
        uint256 drawn = account.drawn;
        if (earned <= int256(drawn)) revert NothingToPay(balance.account);
        paid = uint256(earned) - drawn;
        account.drawn = uint128(uint256(earned));
        emit Claimed(balance.account, header.day, to, paid);
        _payFromEscrow(to, paid);
    }

    /// @inheritdoc IEnergyMarket
    function fundCredit(uint256 amount) external nonReentrant {
        _pull(amount);
        creditOf[msg.sender] += amount;
        emit CreditFunded(msg.sender, amount);
    }

    /// @inheritdoc IEnergyMarket
    function collect(Recipient calldata recipient, address account) external nonReentrant returns (uint256 paid) {
        paid = creditOf[account];
        if (paid == 0) revert NothingToPay(account);
        creditOf[account] = 0;
        address to = _recipient(account, recipient);
        emit CreditCollected(account, to, paid);
        _pay(to, paid);
    }

    // ---- demands ----

    /// @inheritdoc IEnergyMarket
    function demandReading(uint64 slot, bytes32 meter) external {
        address owner = rules.tenureAt(meter, slot).owner;
        if (owner == address(0)) revert UnknownMeter(meter, slot);
        if (msg.sender != owner && msg.sender != rules.dso()) revert NotOwnerNorDso(msg.sender, owner);
        uint256 endsAt = MarketTypes.startOf(slot + 1);
        if (block.timestamp < endsAt) revert TooEarly(endsAt);
        if (_readings[slot][meter].status != ReadingStatus.None) revert AlreadyKnown(slot, meter);
        Demand storage demand = demandOf[slot][meter];
        if (demand.by != address(0)) revert AlreadyDemanded(slot, meter);
        uint64 answerBefore = uint64(block.timestamp) + answerWindow;
        uint64 day = MarketTypes.dayOf(slot);
        if (_vault.halted) revert MarketIsHalted();
        if (day <= _vault.latestDay) {
            // After the answer there must be time to hold it against the row. A day posted later leaves that time in any case.
            uint64 until = _days[day].postedAt + challengeWindow - answerWindow / 4;
            if (answerBefore > until) revert TooLate(until - answerWindow);
        }

        _takeCredit(msg.sender, demandStake);
        demand.by = msg.sender;
        demand.answerBefore = answerBefore;
        emit ReadingDemanded(slot, meter, msg.sender, answerBefore);
    }

    /// @inheritdoc IEnergyMarket
    function closeDemand(uint64 slot, bytes32 meter) external {
        Demand memory demand = demandOf[slot][meter];
        if (demand.by == address(0)) revert NotDemanded(slot, meter);
        if (block.timestamp < demand.answerBefore) revert TooEarly(demand.answerBefore);
        delete demandOf[slot][meter];
        creditOf[demand.by] += demandStake;
        ProvenReading storage reading = _readings[slot][meter];
        reading.status = ReadingStatus.Missing;
        reading.recordedAt = uint64(block.timestamp);
        emit ReadingMissing(slot, meter);
    }

    // ---- what only the court may do ----

    /// @inheritdoc IEnergyMarket
    function voidSlot(uint64 slot, bytes32 reason, address challenger, bool slashed) external onlyCourt {
        bytes32 commit = _slots[slot];
        if (commit == 0) revert SlotNotPosted(slot);
        if (commit == VOID) revert SlotIsVoid(slot);
        uint64 day = MarketTypes.dayOf(slot);
        if (day <= _vault.latestDay) _voidDays(day, reason, challenger);
        _slots[slot] = VOID;
        emit SlotVoided(slot, reason, challenger);
        if (slashed) _slash(reason, challenger);
    }

    /// @inheritdoc IEnergyMarket
    function voidDay(uint64 day, bytes32 reason, address challenger, bool slashed) external onlyCourt {
        _voidDays(day, reason, challenger);
        if (slashed) _slash(reason, challenger);
    }

    /// @inheritdoc IEnergyMarket
    function slash(bytes32 reason, address challenger) external onlyCourt {
        _slash(reason, challenger);
    }

    /// @inheritdoc IEnergyMarket
    function recordReading(uint64 slot, bytes32 meter, ProvenReading calldata reading) external onlyCourt {
        if (isFinal(MarketTypes.dayOf(slot))) revert DayIsFinal(MarketTypes.dayOf(slot));
        if (rules.tenureAt(meter, slot).owner == address(0)) revert UnknownMeter(meter, slot);
        ProvenReading storage known = _readings[slot][meter];
        known.status = ReadingStatus.Proven;
        known.acknowledged = reading.acknowledged;
        known.recordedAt = uint64(block.timestamp);
        known.meteredWh = reading.meteredWh;
        known.importFrom = reading.importFrom;
        known.importTo = reading.importTo;
        known.exportFrom = reading.exportFrom;
        known.exportTo = reading.exportTo;
        emit ReadingRecorded(slot, meter, reading.meteredWh, reading.acknowledged);

        if (demandOf[slot][meter].by == address(0)) return;
        delete demandOf[slot][meter];
        // For the gas of the answer.
        creditOf[operator] += demandStake;
    }

    /// @inheritdoc IEnergyMarket
    function moveCredit(address from, address to, uint256 amount) external onlyCourt {
        _takeCredit(from, amount);
        creditOf[to] += amount;
        emit CreditMoved(from, to, amount);
    }

    /// @dev Moving the end back is enough, however many days lie behind it.
    function _voidDays(uint64 day, bytes32 reason, address challenger) private {
        uint64 latest = _vault.latestDay;
        if (day < firstDay || day > latest) revert DayOutOfOrder(day, latest);
        if (isFinal(day)) revert DayIsFinal(day);
        _vault.latestDay = day - 1;
        emit DaysVoided(day, latest, reason, challenger);
    }

    function _slash(bytes32 reason, address challenger) private {
        uint256 amount = bond < penalty ? bond : penalty;
        // Half goes to the pool, so that an operator who convicts itself in time loses all the same.
        uint256 reward = amount / 2;
        bond -= amount;
        creditOf[challenger] += reward;
        creditOf[rules.poolAccount()] += amount - reward;
        emit BondSlashed(reason, challenger, amount, reward);
    }

    // ---- the end ----

    /// @inheritdoc IEnergyMarket
    function halt() external {
        Vault memory vault = _vault;
        if (vault.halted) revert MarketIsHalted();
        // The window is shorter than the silence, so that the newest day is final by now.
        uint64 heardAt = vault.latestDay < firstDay ? _openedAt : _days[vault.latestDay].postedAt;
        if (block.timestamp < heardAt + escapeAfter) revert TooEarlyToHalt(heardAt + escapeAfter);
        _vault.halted = true;
        emit Halted(vault.latestDay);
    }

    /// @inheritdoc IEnergyMarket
    function exit(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path, Recipient calldata recipient)
        external
        nonReentrant
        returns (uint256 paid)
    {
        if (!_vault.halted) revert MarketIsNotHalted();
        _checkLatestFinal(header);
        _checkBalance(header, balance, index, path);
        return _exit(balance.account, balance.cumNano, recipient);
    }

    /// @inheritdoc IEnergyMarket
    function exitAbsent(
        address account,
        DayHeader calldata header,
        uint256 index,
        Balance calldata left,
        bytes calldata leftPath,
        Balance calldata right,
        bytes calldata rightPath,
        Recipient calldata recipient
    ) external nonReentrant returns (uint256 paid) {
        if (!_vault.halted) revert MarketIsNotHalted();
        if (_vault.latestDay >= firstDay) {
            _checkLatestFinal(header);
            _checkAbsent(account, header, index, left, leftPath, right, rightPath);
        }
        return _exit(account, 0, recipient);
    }

    /// @dev Leaves are sorted by account: whoever would stand between two neighbours is not there.
    function _checkAbsent(
        address account,
        DayHeader calldata header,
        uint256 index,
        Balance calldata left,
        bytes calldata leftPath,
        Balance calldata right,
        bytes calldata rightPath
    ) private pure {
        uint256 count = header.accountCount;
        if (leftPath.length == 0) {
            // Before the first.
            _checkBalance(header, right, 0, rightPath);
            if (account >= right.account) revert NotAbsent(account);
            return;
        }
        _checkBalance(header, left, index, leftPath);
        if (account <= left.account) revert NotAbsent(account);
        if (index + 1 == count) return;
        _checkBalance(header, right, index + 1, rightPath);
        if (account >= right.account) revert NotAbsent(account);
    }

    function _exit(address owner, int128 cumNano, Recipient calldata recipient) private returns (uint256 paid) {
        Account storage account = _accounts[owner];
        paid = _free(account, cumNano);
        if (paid == 0) revert NothingToPay(owner);
        // Afterwards nothing is free: as much as there is goes off the deposit, and the rest counts as drawn.
        uint256 fromDeposit = paid < account.deposited ? paid : account.deposited;
        account.deposited -= uint128(fromDeposit);
        account.drawn += uint128(paid - fromDeposit);
        address to = _recipient(owner, recipient);
        emit Withdrawn(owner, to, paid);
        _payFromEscrow(to, paid);
    }

    // ---- what is known ----

    /// @inheritdoc IEnergyMarket
    function domainSeparator() public view returns (bytes32) {
        return MarketTypes.domainSeparator(address(this));
    }

    /// @inheritdoc IEnergyMarket
    function slotCommit(uint64 slot) external view returns (bytes32) {
        bytes32 commit = _slots[slot];
        return commit == VOID ? bytes32(0) : commit;
    }

    /// @inheritdoc IEnergyMarket
    function slotStatus(uint64 slot) external view returns (SlotStatus) {
        bytes32 commit = _slots[slot];
        if (commit == 0) return SlotStatus.None;
        return commit == VOID ? SlotStatus.Voided : SlotStatus.Posted;
    }

    /// @inheritdoc IEnergyMarket
    function dayCommit(uint64 day) external view returns (bytes32 dayHash, uint64 postedAt, uint64 finalAt) {
        if (day > _vault.latestDay || day < firstDay) return (0, 0, 0);
        Day storage one = _days[day];
        return (one.hash, one.postedAt, one.postedAt + challengeWindow);
    }

    /// @inheritdoc IEnergyMarket
    function isFinal(uint64 day) public view returns (bool) {
        return day >= firstDay && day <= _vault.latestDay && block.timestamp >= _days[day].postedAt + challengeWindow;
    }

    /// @inheritdoc IEnergyMarket
    function latestDay() external view returns (uint64) {
        return _vault.latestDay;
    }

    function escrow() external view returns (uint256) {
        return _vault.escrow;
    }

    function halted() external view returns (bool) {
        return _vault.halted;
    }

    /// @inheritdoc IEnergyMarket
    function readingOf(uint64 slot, bytes32 meter) external view returns (ProvenReading memory) {
        return _readings[slot][meter];
    }

    /// @inheritdoc IEnergyMarket
    function accountOf(address account)
        external
        view
        returns (uint256 deposited, uint256 drawn, uint256 withdrawalPending, uint64 requestedAt)
    {
        Account memory one = _accounts[account];
        Withdrawal memory request = _withdrawals[account];
        return (one.deposited, one.drawn, request.amount, request.requestedAt);
    }

    // ---- parts ----

    function _lock() private {
        if (_vault.locked) revert Reentered();
        _vault.locked = true;
    }

    function _checkConfig(bytes32 what, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert BadConfig(what, value, least, most);
    }

    function _checkDelay(Withdrawal memory request) private view {
        uint256 payableAt = uint256(request.requestedAt) + withdrawDelay;
        if (block.timestamp < payableAt) revert TooEarly(payableAt);
    }

    /// @dev That the header is the posted one of the latest final day.
    function _checkLatestFinal(DayHeader calldata header) private view {
        uint64 number = header.day;
        uint64 latest = _vault.latestDay;
        if (number < firstDay || number > latest) revert DayOutOfOrder(number, latest);
        Day storage day = _days[number];
        // The very words of the call, without a look at what they are: only those that were checked when the day was posted have this hash.
        bytes32 found;
        assembly ("memory-safe") {
            let words := mload(0x40)
            calldatacopy(words, header, 160)
            found := keccak256(words, 160)
        }
        bytes32 expected = day.hash;
        if (found != expected) revert WrongDayHeader(number, found, expected);
        uint64 finalAt = day.postedAt + challengeWindow;
        if (block.timestamp < finalAt) revert DayNotFinal(number, finalAt);
        // Posted in order, so that if the next is not final no later one is.
        if (number < latest && block.timestamp >= _days[number + 1].postedAt + challengeWindow) {
            revert NotLatestFinalDay(number);
        }
    }

    function _checkBalance(DayHeader calldata header, Balance calldata balance, uint256 index, bytes calldata path) private pure {
        (bytes32 root,,) = MarketProof.balanceRoot(MarketTypes.leaf(balance), balance.cumNano, index, header.accountCount, path);
        if (root != header.balancesRoot) revert MarketProof.WrongRoot(root, header.balancesRoot);
    }

    /// @dev floor(cumNano / nanoPerUnit): credits down, debts up, so that roundings never cost the escrow anything.
    function _unitsOf(int128 cumNano) private view returns (int256) {
        int256 nano = cumNano;
        int256 unit = int256(nanoPerUnit);
        return nano >= 0 ? nano / unit : -((-nano + unit - 1) / unit);
    }

    /// @dev What the account could take out if it took all.
    function _free(Account storage account, int128 cumNano) private view returns (uint256) {
        int256 units = int256(uint256(account.deposited)) + _unitsOf(cumNano) - int256(uint256(account.drawn));
        return units > 0 ? uint256(units) : 0;
    }

    function _takeCredit(address from, uint256 amount) private {
        uint256 credit = creditOf[from];
        if (amount > credit) revert CreditTooSmall(from, amount, credit);
        creditOf[from] = credit - amount;
    }

    /// @dev The account itself, or where its owner's signature says. Nobody else chooses where money goes.
    function _recipient(address account, Recipient calldata recipient) private returns (address) {
        if (recipient.signature.length == 0) return account;
        if (block.timestamp > recipient.validUntil) revert TooLate(recipient.validUntil);
        bytes32 message = MarketTypes.payoutStructHash(account, recipient.to, market, recipient.validUntil, payoutNonceOf[account]++);
        if (
            recipient.to == address(0)
                || !MarketSignature.isBy(account, MarketTypes.digest(domainSeparator(), message), recipient.signature)
        ) {
            revert BadSignature(account);
        }
        return recipient.to;
    }

    /// @dev Takes the caller's tokens, exactly as many as said.
    function _pull(uint256 amount) private {
        if (amount == 0) revert ZeroAmount();
        if (amount > type(uint96).max) revert AmountTooLarge(amount, type(uint96).max);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert TransferTookFee(amount, received);
    }

    function _payFromEscrow(address to, uint256 amount) private {
        uint256 left = _vault.escrow;
        if (amount > left) revert EscrowTooSmall(amount, left);
        _vault.escrow = uint128(left - amount);
        _pay(to, amount);
    }

    function _pay(address to, uint256 amount) private {
        IERC20(token).safeTransfer(to, amount);
    }
}
