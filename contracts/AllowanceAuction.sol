// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC6909} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAllowanceAuction, Round, RoundClearing} from "./IAllowanceAuction.sol";

/// @title Rounds of one allowance token against one currency. See IAllowanceAuction for who does what.
/// @notice No owner, no upgrade, no pause, no fee. Orders are open: everybody sees them as they come, and whoever comes last has seen the others. At one price for all that gains nothing but the choice to stay away.
/// @dev State is changed before tokens move, and every function that moves tokens is locked. Of the allowance token it needs `balanceOf`, `transfer` and `transferFrom` of ERC-6909, amounts in mg that
/// do not change by themselves, and that what lies here can always be moved on: if its contract freezes a period, claims of allowances wait for it. Of the currency it needs at most nine decimals and balances that
/// do not change by themselves.
contract AllowanceAuction is IAllowanceAuction {
    using SafeERC20 for IERC20;

    /// @dev The orders of one side as they were read, by place, and their tiers: runs of one limit in the order of matching.
    struct Book {
        uint256 round;
        uint8 side;
        uint256[] words;
        uint256 tiers;
        uint256[] tierPrice;
        uint256[] tierLots;
        uint256[] tierEnd; // position in the order of matching behind its last member
    }

    /// @dev How far the walk down both sides came: the first tier of each that is not fully served, what it got, and the last that got something. [agent/trade/auction.ts, walkDown]
    struct Walk {
        uint256 volume;
        uint256 bidAt;
        uint256 bidGot;
        uint256 bidLast;
        uint256 askAt;
        uint256 askGot;
        uint256 askLast;
    }

    /// @dev The tier of a side that is served in part, what it got of what it asked for, and what its shares follow from.
    struct Margin {
        uint256 tier;
        uint256 got;
        uint256 total;
        uint256 price;
        bytes32 seed;
    }

    uint8 public constant BUY = 1;
    uint8 public constant SELL = 2;
    uint256 public constant ORDERS_A_SIDE_MAX = 128;
    uint256 public constant MG_PER_LOT = 1_000_000;
    /// @dev What the engine's numbers hold exactly.
    uint64 public constant LIMIT_MAX = 2 ** 53 - 1;

    IERC6909 public immutable allowances;
    IERC20 public immutable currency;
    /// @notice Nano-currency in a unit of the token.
    uint256 public immutable nanoPerUnit;

    uint256 public rounds;
    uint256 private _entered = 1;
    mapping(uint256 round => Round) private _rounds;
    /// @dev trader ‖ lots ‖ limit, 160 + 32 + 64 bits.
    mapping(uint256 round => mapping(uint8 side => mapping(uint256 place => uint256))) private _orders;
    /// @dev Eight fills a word, as they were handed in.
    mapping(uint256 round => mapping(uint8 side => mapping(uint256 word => uint256))) private _fills;
    mapping(address account => uint256) public owed;
    mapping(uint256 period => mapping(address account => uint256)) public owedMg;

    modifier nonReentrant() {
        if (_entered != 1) revert Reentered();
        _entered = 2;
        _;
        _entered = 1;
    }

    constructor(IERC6909 allowances_, IERC20 currency_) {
        uint256 decimals = IERC20Metadata(address(currency_)).decimals();
        _check("decimals", decimals, 0, 9);
        allowances = allowances_;
        currency = currency_;
        nanoPerUnit = 10 ** (9 - decimals);
    }

    // ---- orders ----

    /// @inheritdoc IAllowanceAuction
    function openRound(uint256 period, uint64 closesAt, uint64 settleBy, uint32 lotsMin, uint64 limitMin) external returns (uint256 round) {
        _check("closesAt", closesAt, block.timestamp + 1, block.timestamp + 31 days);
        // Long enough that no jam keeps everybody from settling, short enough that nobody's money is held for it.
        _check("settleBy", settleBy, uint256(closesAt) + 1 hours, uint256(closesAt) + 7 days);
        _check("lotsMin", lotsMin, 1, type(uint32).max);
        _check("limitMin", limitMin, 1, LIMIT_MAX);
        round = ++rounds;
        Round storage one = _rounds[round];
        (one.period, one.closesAt, one.settleBy, one.lotsMin, one.limitMin) = (period, closesAt, settleBy, lotsMin, limitMin);
        emit RoundOpened(round, period, closesAt, settleBy, lotsMin, limitMin);
    }

    /// @inheritdoc IAllowanceAuction
    function buy(uint256 round, uint32 lots, uint64 limit) external nonReentrant returns (uint256 place) {
        place = _place(round, BUY, lots, limit);
        uint256 amount = _unitsUp(uint256(lots) * limit);
        uint256 before = currency.balanceOf(address(this));
        currency.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = currency.balanceOf(address(this)) - before;
        if (received != amount) revert TransferTookFee(amount, received);
    }

    /// @inheritdoc IAllowanceAuction
    function sell(uint256 round, uint32 lots, uint64 limit) external nonReentrant returns (uint256 place) {
        place = _place(round, SELL, lots, limit);
        uint256 period = _rounds[round].period;
        uint256 amount = uint256(lots) * MG_PER_LOT;
        uint256 before = allowances.balanceOf(address(this), period);
        if (!allowances.transferFrom(msg.sender, address(this), period, amount)) revert TransferRefused();
        uint256 received = allowances.balanceOf(address(this), period) - before;
        if (received != amount) revert TransferTookFee(amount, received);
    }

    function _place(uint256 round, uint8 side, uint32 lots, uint64 limit) private returns (uint256 place) {
        Round storage one = _rounds[round];
        uint64 closesAt = one.closesAt;
        if (closesAt == 0) revert UnknownRound(round);
        if (block.timestamp >= closesAt) revert RoundClosed(round, closesAt);
        if (lots < one.lotsMin) revert OrderTooSmall(lots, one.lotsMin);
        if (limit < one.limitMin || limit > LIMIT_MAX) revert LimitOutOfRange(limit, one.limitMin, LIMIT_MAX);

        place = side == BUY ? one.bids : one.asks;
        if (place == ORDERS_A_SIDE_MAX) place = _pushOut(round, side, limit, one.period);
        else if (side == BUY) one.bids += 1;
        else one.asks += 1;
        _orders[round][side][place] = (uint256(uint160(msg.sender)) << 96) | (uint256(lots) << 64) | limit;
        emit OrderPlaced(round, side, place, msg.sender, lots, limit);
    }

    /// @dev Without it 128 small orders would keep everybody else out of a side. Looks through all places: dear, but only where a side is full.
    function _pushOut(uint256 round, uint8 side, uint64 limit, uint256 period) private returns (uint256 worst) {
        mapping(uint256 place => uint256) storage orders = _orders[round][side];
        uint256 word = orders[0];
        for (uint256 place = 1; place < ORDERS_A_SIDE_MAX; ++place) {
            uint256 other = orders[place];
            // Of equals the one that stands last.
            if (side == BUY ? uint64(other) <= uint64(word) : uint64(other) >= uint64(word)) (worst, word) = (place, other);
        }
        if (side == BUY ? limit <= uint64(word) : limit >= uint64(word)) revert SideFull(side, uint64(word));
        address trader = address(uint160(word >> 96));
        uint256 lots = uint32(word >> 64);
        if (side == BUY) owed[trader] += _unitsUp(lots * uint64(word));
        else owedMg[period][trader] += lots * MG_PER_LOT;
        emit OrderPushedOut(round, side, worst, trader);
    }

    // ---- settling ----

    /// @inheritdoc IAllowanceAuction
    function settle(uint256 round, RoundClearing calldata clearing) external {
        Round memory one = _rounds[round];
        if (one.closesAt == 0) revert UnknownRound(round);
        if (block.timestamp < one.closesAt) revert TooEarly(round, one.closesAt);
        if (one.settled) revert AlreadySettled(round);
        if (block.timestamp >= one.settleBy) revert TooLate(round, one.settleBy);

        Book memory bids = _read(round, BUY, one.bids, clearing.bidOrder);
        Book memory asks = _read(round, SELL, one.asks, clearing.askOrder);
        Walk memory walk = _walkDown(bids, asks);
        uint256 price = _priceOf(walk, bids, asks);
        if (clearing.volume != walk.volume || clearing.price != price) {
            revert WrongClearing(clearing.volume, clearing.price, walk.volume, price);
        }
        bytes32 seed = _seed(round, bids, asks);
        uint256 paid = _take(bids, clearing.bidOrder, clearing.bidFills, Margin(walk.bidAt, walk.bidGot, 0, price, seed));
        uint256 earned = _take(asks, clearing.askOrder, clearing.askFills, Margin(walk.askAt, walk.askGot, 0, price, seed));

        Round storage stored = _rounds[round];
        (stored.settled, stored.price, stored.volume) = (true, uint64(price), uint64(walk.volume));
        // Buyers' payments are rounded up and sellers' down. The difference is somebody's, or the sums would not close.
        if (paid != earned) owed[msg.sender] += paid - earned;
        emit RoundSettled(round, uint64(price), uint64(walk.volume), msg.sender);
    }

    /// @dev Reads a side, and its tiers in the order that was handed in, which must name each place once and be sorted.
    function _read(uint256 round, uint8 side, uint256 count, bytes calldata sorted) private view returns (Book memory book) {
        if (sorted.length != count) revert WrongLength(side, sorted.length, count);
        (book.round, book.side) = (round, side);
        book.words = new uint256[](count);
        book.tierPrice = new uint256[](count);
        book.tierLots = new uint256[](count);
        book.tierEnd = new uint256[](count);
        mapping(uint256 place => uint256) storage orders = _orders[round][side];
        uint256 seen;
        uint256 tiers;
        uint256 before;
        for (uint256 i = 0; i < count; ++i) {
            uint256 place = uint8(sorted[i]);
            if (place >= count || (seen >> place) & 1 != 0) revert NotAPermutation(side, i);
            seen |= 1 << place;
            uint256 word = orders[place];
            book.words[place] = word;
            uint256 limit = uint64(word);
            if (i != 0 && (side == BUY ? limit > before : limit < before)) revert NotSorted(side, i);
            if (i == 0 || limit != before) {
                book.tierPrice[tiers] = limit;
                ++tiers;
            }
            book.tierLots[tiers - 1] += uint32(word >> 64);
            book.tierEnd[tiers - 1] = i + 1;
            before = limit;
        }
        book.tiers = tiers;
    }

    /// @dev Matches the dearest bids with the cheapest asks for as long as the bid pays the ask. [agent/trade/auction.ts, walkDown]
    function _walkDown(Book memory bids, Book memory asks) private pure returns (Walk memory walk) {
        while (walk.bidAt < bids.tiers && walk.askAt < asks.tiers && bids.tierPrice[walk.bidAt] >= asks.tierPrice[walk.askAt]) {
            uint256 matched = bids.tierLots[walk.bidAt] - walk.bidGot;
            uint256 offered = asks.tierLots[walk.askAt] - walk.askGot;
            if (offered < matched) matched = offered;
            walk.volume += matched;
            walk.bidGot += matched;
            walk.askGot += matched;
            walk.bidLast = walk.bidAt;
            walk.askLast = walk.askAt;
            if (walk.bidGot == bids.tierLots[walk.bidAt]) (walk.bidAt, walk.bidGot) = (walk.bidAt + 1, 0);
            if (walk.askGot == asks.tierLots[walk.askAt]) (walk.askAt, walk.askGot) = (walk.askAt + 1, 0);
        }
    }

    /// @dev The middle of the prices that suit all who were served and none who was not. [agent/trade/auction.ts, pricesOf]
    function _priceOf(Walk memory walk, Book memory bids, Book memory asks) private pure returns (uint256) {
        if (walk.volume == 0) return 0;
        uint256 low = asks.tierPrice[walk.askLast];
        uint256 high = bids.tierPrice[walk.bidLast];
        // The best bid that did not get all pays less than the best ask that did not get all wants, so low ≤ high.
        if (walk.bidAt < bids.tiers && bids.tierPrice[walk.bidAt] > low) low = bids.tierPrice[walk.bidAt];
        if (walk.askAt < asks.tiers && asks.tierPrice[walk.askAt] < high) high = asks.tierPrice[walk.askAt];
        return low + (high - low) / 2;
    }

    /// @dev Commits to every order that stands. Whoever places the last one can know it, and move one lot of 1 kg by choosing his words: not worth the gas.
    function _seed(uint256 round, Book memory bids, Book memory asks) private view returns (bytes32) {
        return keccak256(abi.encodePacked(block.chainid, uint256(uint160(address(this))), round, bids.words.length, bids.words, asks.words));
    }

    /// @notice The name of an order in the engine.
    function orderHash(uint256 round, uint8 side, uint256 place, uint256 word) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), round, side, place, word));
    }

    /// @dev Checks what each order of a side gets, keeps it, and says what all of them pay or earn together.
    function _take(Book memory book, bytes calldata sorted, bytes calldata fills, Margin memory margin) private returns (uint256 units) {
        uint8 side = book.side;
        if (fills.length != 4 * sorted.length) revert WrongLength(side, fills.length, 4 * sorted.length);
        uint256 begin = 0;
        for (uint256 tier = 0; tier < book.tiers; ++tier) {
            uint256 end = book.tierEnd[tier];
            bool inPart = tier == margin.tier && margin.got != 0;
            if (inPart) {
                margin.total = book.tierLots[tier];
                _checkShares(book, sorted[begin:end], fills, margin);
            } else {
                _checkWhole(book, sorted[begin:end], fills, tier < margin.tier);
            }
            units += _unitsOf(sorted[begin:end], fills, margin.price, side == BUY);
            begin = end;
        }
        mapping(uint256 word => uint256) storage kept = _fills[book.round][side];
        for (uint256 begun = 0; begun < fills.length; begun += 32) {
            // A slice that is shorter than a word gets zeros behind it.
            uint256 word = uint256(bytes32(fills[begun:]));
            if (word != 0) kept[begun / 32] = word;
        }
    }

    function _checkWhole(Book memory book, bytes calldata members, bytes calldata fills, bool served) private pure {
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 place = uint8(members[i]);
            uint256 expected = served ? _lotsAt(book, place) : 0;
            uint256 fill = _fillAt(fills, place);
            if (fill != expected) revert WrongFill(book.side, place, fill, expected);
        }
    }

    function _unitsOf(bytes calldata members, bytes calldata fills, uint256 price, bool up) private view returns (uint256 units) {
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 nano = _fillAt(fills, uint8(members[i])) * price;
            units += up ? _unitsUp(nano) : _unitsDown(nano);
        }
    }

    /// @dev That what the tier got is dealt to its members in proportion, rounded down, and those lots that are left one each to the largest remainders, of equal ones to the smallest keys.
    /// [agent/trade/auction.ts, shareOut]
    function _checkShares(Book memory book, bytes calldata members, bytes calldata fills, Margin memory margin) private view {
        uint256 left = margin.got;
        uint256 given;
        uint256 leastGiven = type(uint256).max;
        uint256 mostLeftOut;
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 place = uint8(members[i]);
            uint256 product = margin.got * _lotsAt(book, place);
            uint256 share = product / margin.total;
            uint256 remainder = product % margin.total;
            uint256 fill = _fillAt(fills, place);
            left -= share;
            if (fill == share + 1) {
                ++given;
                if (remainder < leastGiven) leastGiven = remainder;
            } else if (fill == share) {
                if (remainder > mostLeftOut) mostLeftOut = remainder;
            } else {
                revert WrongFill(book.side, place, fill, share);
            }
        }
        if (given != left || (given != 0 && leastGiven < mostLeftOut)) revert UnfairShare(book.side, given, left);
        // Only where some of the same remainder got a lot and others did not do keys decide.
        if (given != 0 && leastGiven == mostLeftOut) _checkTies(book, members, fills, margin, leastGiven);
    }

    function _checkTies(Book memory book, bytes calldata members, bytes calldata fills, Margin memory margin, uint256 remainder)
        private
        view
    {
        bytes32 greatestGiven = 0;
        bytes32 leastLeftOut = bytes32(type(uint256).max);
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 place = uint8(members[i]);
            uint256 product = margin.got * _lotsAt(book, place);
            if (product % margin.total != remainder) continue;
            bytes32 key = _keyOf(book, place, margin.seed);
            if (_fillAt(fills, place) > product / margin.total) {
                if (key > greatestGiven) greatestGiven = key;
            } else if (key < leastLeftOut) {
                leastLeftOut = key;
            }
        }
        if (greatestGiven > leastLeftOut) revert WrongTie(book.side, greatestGiven, leastLeftOut);
    }

    function _keyOf(Book memory book, uint256 place, bytes32 seed) private view returns (bytes32) {
        return keccak256(abi.encode(seed, orderHash(book.round, book.side, place, book.words[place])));
    }

    function _lotsAt(Book memory book, uint256 place) private pure returns (uint256) {
        return uint32(book.words[place] >> 64);
    }

    function _fillAt(bytes calldata fills, uint256 place) private pure returns (uint256) {
        return uint32(bytes4(fills[4 * place:]));
    }

    // ---- what is due ----

    /// @inheritdoc IAllowanceAuction
    function claim(uint256 round, uint8 side, uint256 place, address to) external nonReentrant returns (uint256 money, uint256 mg) {
        uint256 word = _orders[round][side][place];
        if (word == 0) revert NothingThere(round, side, place);
        Round memory one = _rounds[round];
        // Unsettled, nothing was filled, and nothing can be any more.
        if (!one.settled && block.timestamp < one.settleBy) revert TooEarly(round, one.settleBy);
        address trader = address(uint160(word >> 96));
        if (to != trader && msg.sender != trader) revert NotTrader(msg.sender, trader);
        if (to == address(0)) revert NotTrader(address(0), trader);
        uint256 lots = uint32(word >> 64);
        uint32 fill = fillOf(round, side, place);
        if (side == BUY) {
            money = _unitsUp(lots * uint64(word)) - _unitsUp(uint256(fill) * one.price);
            mg = uint256(fill) * MG_PER_LOT;
        } else {
            money = _unitsDown(uint256(fill) * one.price);
            mg = (lots - fill) * MG_PER_LOT;
        }
        delete _orders[round][side][place];
        emit Claimed(round, side, place, trader, to, fill, money, mg);
        _pay(to, money);
        _payMg(to, one.period, mg);
    }

    /// @inheritdoc IAllowanceAuction
    function collect(address to) external nonReentrant returns (uint256 money) {
        money = owed[msg.sender];
        if (money == 0 || to == address(0)) revert NothingToPay(to);
        delete owed[msg.sender];
        emit Collected(msg.sender, to, money);
        _pay(to, money);
    }

    /// @inheritdoc IAllowanceAuction
    function collectAllowances(uint256 period, address to) external nonReentrant returns (uint256 mg) {
        mg = owedMg[period][msg.sender];
        if (mg == 0 || to == address(0)) revert NothingToPay(to);
        delete owedMg[period][msg.sender];
        emit AllowancesCollected(msg.sender, period, to, mg);
        _payMg(to, period, mg);
    }

    // ---- what can be read ----

    /// @inheritdoc IAllowanceAuction
    function roundOf(uint256 round) external view returns (Round memory) {
        return _rounds[round];
    }

    /// @inheritdoc IAllowanceAuction
    function bookOf(uint256 round) external view returns (uint256[] memory bids, uint256[] memory asks) {
        bids = new uint256[](_rounds[round].bids);
        for (uint256 place = 0; place < bids.length; ++place) {
            bids[place] = _orders[round][BUY][place];
        }
        asks = new uint256[](_rounds[round].asks);
        for (uint256 place = 0; place < asks.length; ++place) {
            asks[place] = _orders[round][SELL][place];
        }
    }

    /// @inheritdoc IAllowanceAuction
    function fillOf(uint256 round, uint8 side, uint256 place) public view returns (uint32) {
        return uint32(_fills[round][side][place / 8] >> (224 - 32 * (place % 8)));
    }

    // ---- parts ----

    function _check(bytes32 what, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert BadTerms(what, value, least, most);
    }

    /// @dev Nano-currency in units of the token: lots of 32 bits times a price of 53 fit by far.
    function _unitsUp(uint256 nano) private view returns (uint256) {
        return (nano + nanoPerUnit - 1) / nanoPerUnit;
    }

    function _unitsDown(uint256 nano) private view returns (uint256) {
        return nano / nanoPerUnit;
    }

    function _pay(address to, uint256 amount) private {
        if (amount != 0) currency.safeTransfer(to, amount);
    }

    function _payMg(address to, uint256 period, uint256 amount) private {
        if (amount != 0 && !allowances.transfer(to, period, amount)) revert TransferRefused();
    }
}
