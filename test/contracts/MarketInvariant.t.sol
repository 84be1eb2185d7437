// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket, ProvenReading, SlotStatus} from "../../contracts/IEnergyMarket.sol";
import {Balance, BalancesOpening, Certificate, DayHeader, MarketTypes, SlotHeader} from "../../contracts/MarketTypes.sol";
import {MarketWorld} from "./MarketWorld.sol";
import {TestToken} from "./TestToken.sol";

/// @notice Lives a market's life in whatever order the fuzzer likes: five households, an operator that keeps to the rules, a court that now and then finds against it all the same, and
/// somebody who asks for what is not theirs. Keeps its own books, in money and in days, for the invariants to be held against.
contract MarketHandler is MarketWorld {
    uint256 internal constant HOMES = 5;
    uint256 internal constant LEAVES = 3 + HOMES;
    int256 internal constant UNIT = 1000;
    uint256 internal constant SLOTS_KNOWN_MAX = 200;

    /// @dev Counter accounts first; all sorted.
    address[LEAVES] public accounts;
    /// @dev What the operator has booked by the end of a day; of days that were voided too, until they are booked again.
    mapping(uint64 day => int128[LEAVES]) internal _booked;
    mapping(uint64 day => DayHeader) internal _headers;
    uint64 public latest = FIRST_DAY - 1;

    uint256 public paidIn;
    uint256 public paidOut;
    uint256 public bonded;
    uint256 public unbonded;
    uint256 public slashed;
    uint256 public credited;
    uint256 public collected;
    mapping(address account => uint256) public claimed;
    mapping(address account => uint256) public claimableMost;
    uint64[] public slots;
    mapping(uint64 slot => bytes32) public commitOf;
    mapping(uint64 slot => bool) public isVoid;
    mapping(bytes32 action => uint256) public done;
    /// @dev The first promise that was seen broken in the middle of an action.
    string public broken;
    address private immutable _owner = msg.sender;

    constructor() {
        _build(address(new TestToken()));
        accounts = [GRID, RETAILER, POOL, address(0x2001), address(0x2002), address(0x2003), address(0x2004), address(0x2005)];
        _fundBond();
        bonded = BOND_MIN;
        for (uint256 i = 0; i < LEAVES; ++i) {
            if (i >= 3) _register(_meterOf(i), accounts[i]);
        }
        // Who buys the surplus pays for it.
        _deposit(RETAILER, 100_000e6);
        paidIn = 100_000e6;
        vm.warp(START);
    }

    function market() external view returns (IEnergyMarket) {
        return _market;
    }

    function escrowOf() external view returns (uint256) {
        return _market.escrow();
    }

    function tokens() external view returns (uint256) {
        return _balanceOf(address(_market));
    }

    function slotCount() external view returns (uint256) {
        return slots.length;
    }

    function bookedUnits(uint64 day, uint256 i) external view returns (int256) {
        return _units(_booked[day][i]);
    }

    function _meterOf(uint256 i) internal pure returns (bytes32) {
        return bytes32(i);
    }

    function _home(uint256 any) internal pure returns (uint256) {
        return 3 + any % HOMES;
    }

    function _units(int128 nano) internal pure returns (int256) {
        return nano >= 0 ? int256(nano) / UNIT : -((-int256(nano) + UNIT - 1) / UNIT);
    }

    function _fail(bool isBroken, string memory what) internal {
        if (isBroken && bytes(broken).length == 0) broken = what;
    }

    // ---- households ----

    function deposit(uint256 who, uint256 amount) external {
        amount = between(amount, 1, 500e6);
        _deposit(accounts[_home(who)], amount);
        paidIn += amount;
        done["deposit"] += 1;
    }

    function requestWithdrawal(uint256 who, uint256 amount) external {
        address account = accounts[_home(who)];
        (uint256 deposited,,,) = _market.accountOf(account);
        vm.prank(account);
        _market.requestWithdrawal(between(amount, 0, deposited));
        done["request"] += 1;
    }

    /// @dev The latest final day; `firstDay − 1` for none.
    function latestFinal() public view returns (uint64 day) {
        for (day = latest; day >= FIRST_DAY; --day) {
            if (_market.isFinal(day)) return day;
        }
    }

    function _leaves(uint64 day) internal view returns (Balance[] memory balances) {
        balances = new Balance[](LEAVES);
        for (uint256 i = 0; i < LEAVES; ++i) {
            balances[i] = Balance(accounts[i], _booked[day][i], 0, 0);
        }
    }

    function withdraw(uint256 who) external {
        uint64 day = latestFinal();
        if (day < FIRST_DAY) return;
        uint256 i = _home(who);
        (uint256 deposited, uint256 drawn, uint256 pending,) = _market.accountOf(accounts[i]);
        bytes memory path = _path(_leaves(day), i);
        uint256 before = _balanceOf(accounts[i]);
        try _market.withdraw(_headers[day], _leaves(day)[i], i, path, _toItself()) returns (uint256 paid) {
            paidOut += paid;
            _fail(paid > pending || paid > deposited, "a withdrawal is more than was asked for");
            _fail(int256(paid) > int256(deposited) + _units(_booked[day][i]) - int256(drawn), "a withdrawal leaves a debt");
            _fail(_balanceOf(accounts[i]) != before + paid, "a withdrawal went elsewhere");
            done["withdraw"] += 1;
        } catch {}
    }

    function claim(uint256 who, address sender) external {
        uint64 day = latestFinal();
        if (day < FIRST_DAY) return;
        uint256 i = who % LEAVES;
        address account = accounts[i];
        bytes memory path = _path(_leaves(day), i);
        uint256 before = _balanceOf(account);
        int256 units = _units(_booked[day][i]);
        if (units > 0 && uint256(units) > claimableMost[account]) claimableMost[account] = uint256(units);
        vm.prank(sender);
        try _market.claim(_headers[day], _leaves(day)[i], i, path) returns (uint256 paid) {
            paidOut += paid;
            claimed[account] += paid;
            _fail(int256(claimed[account]) != units, "a claim is not what the leaf says");
            _fail(_balanceOf(account) != before + paid, "a claim went elsewhere");
            done["claim"] += 1;
        } catch {
            _fail(units > int256(claimed[account]), "a good claim was refused");
        }
    }

    /// @notice Asks for more than the leaf says, for another's leaf, or by a day that is not final.
    function steal(uint256 who, uint256 how, uint128 more) external {
        uint64 day = how % 4 == 3 ? latest : latestFinal();
        if (day < FIRST_DAY) return;
        if (how % 4 == 3 && _market.isFinal(day)) return;
        uint256 i = _home(who);
        Balance memory leaf = _leaves(day)[i];
        bytes memory path = _path(_leaves(day), i);
        if (how % 4 == 0) leaf.cumNano += int128(uint128(between(more, 1, 1e15)));
        if (how % 4 == 1) leaf.account = address(0xbad);
        if (how % 4 == 2) path[more % path.length] ^= 0x01;
        try _market.claim(_headers[day], leaf, i, path) {
            _fail(true, "a false claim was paid");
        } catch {
            done["steal"] += 1;
        }
    }

    function fundCredit(uint256 who, uint256 amount) external {
        amount = between(amount, 1, 50e6);
        _fundCredit(accounts[_home(who)], amount);
        credited += amount;
        done["credit"] += 1;
    }

    function collect(uint256 who) external {
        address account = who % (HOMES + 2) < HOMES ? accounts[_home(who)] : who % (HOMES + 2) == HOMES ? POOL : OPERATOR;
        uint256 credit = _market.creditOf(account);
        if (credit == 0) return;
        collected += _market.collect(_toItself(), account);
        done["collect"] += 1;
    }

    // ---- operator and court ----

    function pass(uint256 seconds_) external {
        vm.warp(block.timestamp + between(seconds_, 60, 2 days));
    }

    /// @notice What an account may at most owe by the end of a day, by the rule that IEnergyMarket gives operators, in units.
    function _marginOf(uint64 day, uint256 i) internal view returns (int256) {
        (uint256 deposited, uint256 drawn, uint256 pending, uint64 requestedAt) = _market.accountOf(accounts[i]);
        // What was traded before the request may still be paid by what is asked back.
        if (requestedAt / 1 days >= day) pending = 0;
        int256 spent = int256(drawn);
        uint64 from = latestFinal();
        for (uint64 d = from < FIRST_DAY ? FIRST_DAY : from; d <= latest; ++d) {
            if (_units(_booked[d][i]) > spent) spent = _units(_booked[d][i]);
        }
        return int256(deposited) - int256(pending) - spent;
    }

    function postDay(uint256 seed) external {
        uint64 day = latest + 1;
        if (_market.bond() < BOND_MIN) return;
        uint256 opensAt = (uint256(day) + 1) * 1 days + DEADLINE;
        if (block.timestamp < opensAt) vm.warp(opensAt);
        int128 sum;
        for (uint256 i = 0; i < LEAVES; ++i) {
            int128 before = day == FIRST_DAY ? int128(0) : _booked[day - 1][i];
            int128 change = int128(int256(uint256(keccak256(abi.encode(seed, i))) % 200e9)) - 100e9;
            // The retailer is on the other side of everybody.
            if (i == 1) change = 0;
            int256 margin = _marginOf(day, i);
            int256 least = -margin * UNIT;
            if (int256(before) + change < least) change = int128(least > before ? int256(0) : least - before);
            if (i == 1) change = 0;
            _booked[day][i] = before + change;
            sum += change;
        }
        _booked[day][1] -= sum;
        // It could not pay: then nobody gets anything this day.
        if (int256(_booked[day][1]) < -_marginOf(day, 1) * UNIT) {
            for (uint256 i = 0; i < LEAVES; ++i) {
                _booked[day][i] = day == FIRST_DAY ? int128(0) : _booked[day - 1][i];
            }
        }
        (DayHeader memory header, BalancesOpening memory opening) = _day(day, _leaves(day));
        vm.prank(OPERATOR);
        try _market.postDay(header, opening) {
            _headers[day] = header;
            latest = day;
            done["day"] += 1;
        } catch (bytes memory problem) {
            // It was voided too often.
            _fail(bytes4(problem) != IEnergyMarket.TooManyAttempts.selector, "a good day was refused");
        }
    }

    /// @notice Now and then the court voids a day: never a final one, and the ones behind it with it.
    function voidDay(uint256 back, bool isSlashed) external {
        if (latest < FIRST_DAY) return;
        uint64 day = latest - uint64(back % 3);
        if (day < FIRST_DAY) return;
        bool isFinal = _market.isFinal(day);
        uint256 before = _market.bond();
        vm.prank(COURT);
        try _market.voidDay(day, "row", accounts[3], isSlashed) {
            _fail(isFinal, "a final day was voided");
            latest = day - 1;
            if (isSlashed) slashed += before - _market.bond();
            done["void day"] += 1;
        } catch {
            _fail(!isFinal, "a day that is not final could not be voided");
        }
    }

    function slash(uint256 who) external {
        uint256 before = _market.bond();
        vm.prank(COURT);
        _market.slash("two headers", accounts[_home(who)]);
        uint256 cut = before - _market.bond();
        _fail(cut != (before < PENALTY ? before : PENALTY), "a conviction cost another amount");
        slashed += cut;
        done["slash"] += 1;
    }

    function fundBond(uint256 amount) external {
        amount = between(amount, 1, 5000e6);
        _give(OPERATOR, amount);
        vm.prank(OPERATOR);
        _market.fundBond(amount);
        bonded += amount;
        done["bond"] += 1;
    }

    function withdrawBond(uint256 amount, bool isRequest) external {
        uint256 before = _market.bond();
        if (isRequest) {
            vm.prank(OPERATOR);
            _market.requestBondWithdrawal(between(amount, 0, before));
            return;
        }
        vm.prank(OPERATOR);
        try _market.withdrawBond() {
            uint256 left = _market.bond();
            unbonded += before - left;
            _fail(left < BOND_MIN, "the least bond was paid out");
            done["bond back"] += 1;
        } catch {}
    }

    function moveCredit(uint256 from, uint256 to, uint256 amount) external {
        address payer = accounts[_home(from)];
        amount = between(amount, 0, _market.creditOf(payer));
        vm.prank(COURT);
        _market.moveCredit(payer, accounts[_home(to)], amount);
    }

    function postSlot(uint256 seed) external {
        // Mostly of days that are not posted yet.
        uint256 now_ = block.timestamp / 900;
        uint64 slot = uint64(between(seed, seed % 4 == 0 ? FIRST_SLOT : now_ - (now_ - FIRST_SLOT) / 8, now_));
        if (slots.length >= SLOTS_KNOWN_MAX) return;
        (SlotHeader memory header, Certificate memory certificate) = _slot(slot);
        header.orderSetRoot = keccak256(abi.encode(seed));
        vm.prank(OPERATOR);
        try _market.postSlot(header, certificate) {
            _fail(commitOf[slot] != 0, "a slot was posted twice");
            _fail(MarketTypes.dayOf(slot) <= latest, "a slot of a posted day was posted");
            commitOf[slot] = MarketTypes.hash(header);
            slots.push(slot);
            done["slot"] += 1;
        } catch {
            _fail(commitOf[slot] == 0 && MarketTypes.dayOf(slot) > latest, "a good slot was refused");
        }
    }

    function voidSlot(uint256 which) external {
        if (slots.length == 0) return;
        // Mostly one of the newest.
        uint256 reach = which % 4 == 0 || slots.length < 8 ? slots.length : 8;
        uint64 slot = slots[slots.length - 1 - (which >> 8) % reach];
        bool isFinal = _market.isFinal(MarketTypes.dayOf(slot));
        vm.prank(COURT);
        try _market.voidSlot(slot, "orders", accounts[4], false) {
            _fail(isFinal || isVoid[slot], "a slot that is settled was voided");
            isVoid[slot] = true;
            if (MarketTypes.dayOf(slot) <= latest) latest = MarketTypes.dayOf(slot) - 1;
            done["void slot"] += 1;
        } catch {
            _fail(!isFinal && !isVoid[slot], "a slot that is not settled could not be voided");
        }
    }

    /// @dev Slots on which a demand stands, the last one first to be looked at again.
    uint64 internal _demandedSlot;
    uint256 internal _demandedHome;

    function demand(uint256 who, uint256 which, uint256 how) external {
        uint256 i = _home(who);
        uint64 now_ = uint64(block.timestamp / 900);
        uint64 slot = FIRST_SLOT + uint64(between(which, 0, now_ - FIRST_SLOT));
        if (how % 4 == 0) {
            // Among the last days, else it would be too late more often than not.
            slot = uint64(between(which, now_ > FIRST_SLOT + 300 ? now_ - 300 : FIRST_SLOT, now_));
            vm.prank(accounts[i]);
            try _market.demandReading(slot, _meterOf(i)) {
                demanded += 1;
                (_demandedSlot, _demandedHome) = (slot, i);
                done["demand"] += 1;
            } catch {}
            return;
        }
        if (how % 8 < 6) (slot, i) = (_demandedSlot, _demandedHome);
        (address by,) = _market.demandOf(slot, _meterOf(i));
        if (how % 4 == 1) {
            try _market.closeDemand(slot, _meterOf(i)) {
                demanded -= 1;
                done["silence"] += 1;
            } catch {}
        } else if (how % 4 == 2 && i >= 3) {
            ProvenReading memory reading;
            bool isFinal = _market.isFinal(MarketTypes.dayOf(slot));
            vm.prank(COURT);
            try _market.recordReading(slot, _meterOf(i), reading) {
                _fail(isFinal, "a reading of a final day was recorded");
                if (by != address(0)) {
                    demanded -= 1;
                    done["answer"] += 1;
                }
            } catch {}
        }
    }

    /// @dev Stakes of open demands are in nobody's credit.
    uint256 public demanded;

    function creditsOfAll() external view returns (uint256 sum) {
        for (uint256 i = 0; i < LEAVES; ++i) {
            sum += _market.creditOf(accounts[i]);
        }
        sum += _market.creditOf(OPERATOR);
    }

    function stakes() external view returns (uint256) {
        return demanded * STAKE;
    }

    function leafCount() external pure returns (uint256) {
        return LEAVES;
    }

    /// @notice The operator falls silent, and everybody leaves. Returns what stays in escrow, and for how many accounts it was rounded. For the test alone: the fuzzer's
    /// calls do nothing.
    function end() external returns (uint256 left, uint256 roundings) {
        if (msg.sender != _owner) return (0, 0);
        // The newest day becomes final meanwhile.
        vm.warp(block.timestamp + ESCAPE);
        if (latest < FIRST_DAY) vm.warp(START + ESCAPE);
        _market.halt();
        Balance[] memory leaves = _leaves(latest);
        Balance memory none;
        for (uint256 i = 0; i < LEAVES; ++i) {
            (uint256 deposited, uint256 drawn,,) = _market.accountOf(accounts[i]);
            int256 expected = int256(deposited) - int256(drawn) + (latest < FIRST_DAY ? int256(0) : _units(_booked[latest][i]));
            _fail(expected < 0, "somebody is below zero at the end");
            if (expected <= 0) continue;
            uint256 paid = latest < FIRST_DAY
                ? _market.exitAbsent(accounts[i], _headers[latest], 0, none, "", none, "", _toItself())
                : _market.exit(_headers[latest], leaves[i], i, _path(leaves, i), _toItself());
            _fail(int256(paid) != expected, "an exit is not what is left");
            paidOut += paid;
        }
        return (_market.escrow(), LEAVES);
    }
}

/// @notice What holds whatever happens.
contract MarketInvariantTest is MarketWorld {
    MarketHandler private _handler;

    function setUp() external {
        _handler = new MarketHandler();
        vm.warp(START);
    }

    /// @notice Whom the fuzzer calls.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice Escrow, bond and credits are each what went in minus what went out, and together they are the tokens.
    function invariant_money_is_where_it_belongs() public view {
        IEnergyMarket market = _handler.market();
        uint256 credits = _handler.creditsOfAll() + _handler.stakes();
        expectUint(_handler.escrowOf(), _handler.paidIn() - _handler.paidOut(), "escrow = deposits - what was paid of them");
        expectUint(market.bond(), _handler.bonded() - _handler.slashed() - _handler.unbonded(), "bond = paid in - cut - paid back");
        expectUint(credits, _handler.credited() + _handler.slashed() - _handler.collected(), "credits = funded + cut - collected");
        expectUint(_handler.tokens(), _handler.escrowOf() + market.bond() + credits, "tokens = escrow + bond + credits");
    }

    /// @notice With an operator that keeps to the margins nobody is below zero, and everybody can be paid all at once, by whatever posted day.
    function invariant_everybody_can_be_paid() public view {
        uint64 latest = _handler.latest();
        for (uint64 day = _handler.latestFinal(); day <= latest; ++day) {
            if (day < FIRST_DAY) continue;
            int256 sum;
            for (uint256 i = 0; i < _handler.leafCount(); ++i) {
                (uint256 deposited, uint256 drawn,,) = _handler.market().accountOf(_handler.accounts(i));
                int256 balance = int256(deposited) + _handler.bookedUnits(day, i) - int256(drawn);
                expect(balance >= 0, "no balance is below zero");
                sum += balance;
            }
            expect(sum <= int256(_handler.escrowOf()), "no more is owed than there is");
        }
    }

    /// @notice No claim above its leaf, no withdrawal above what is free, nothing final voided, nothing good refused: as the handler saw it.
    function invariant_no_promise_was_broken_on_the_way() public view {
        expect(bytes(_handler.broken()).length == 0, _handler.broken());
        for (uint256 i = 0; i < _handler.leafCount(); ++i) {
            address account = _handler.accounts(i);
            expect(_handler.claimed(account) <= _handler.claimableMost(account), "nobody claimed more than a final leaf said");
        }
    }

    /// @notice A slot has one commitment or none any more, and the newest day is the one that the books say.
    function invariant_slots_and_days_are_what_was_posted() public view {
        for (uint256 i = 0; i < _handler.slotCount(); ++i) {
            uint64 slot = _handler.slots(i);
            bool isVoid = _handler.isVoid(slot);
            expectBytes32(_handler.market().slotCommit(slot), isVoid ? bytes32(0) : _handler.commitOf(slot), "the commitment");
            expect(_handler.market().slotStatus(slot) == (isVoid ? SlotStatus.Voided : SlotStatus.Posted), "the status");
        }
        expectUint(_handler.market().latestDay(), _handler.latest(), "the newest day");
    }

    /// @notice One long life by a fixed seed, to see that the fuzzer's actions do happen, all of them.
    function test_a_long_life_meets_everything() external {
        for (uint256 i = 0; i < 3000; ++i) {
            uint256 any = uint256(keccak256(abi.encode("life", i)));
            _act(any % 24, any >> 8, any >> 72, any >> 136);
        }
        invariant_money_is_where_it_belongs();
        invariant_everybody_can_be_paid();
        invariant_no_promise_was_broken_on_the_way();
        invariant_slots_and_days_are_what_was_posted();
        bytes32[17] memory actions = [
            bytes32("deposit"),
            "request",
            "withdraw",
            "claim",
            "steal",
            "credit",
            "collect",
            "day",
            "void day",
            "slash",
            "bond",
            "bond back",
            "slot",
            "void slot",
            "demand",
            "answer",
            "silence"
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            expect(_handler.done(actions[i]) >= 5, string(abi.encodePacked(actions[i], vm.toString(_handler.done(actions[i])))));
        }
    }

    /// @notice Whatever happened before: when all have left, nothing stays but less than a unit for each balance that was rounded.
    /// forge-config: default.fuzz.runs = 24
    function testFuzz_at_the_end_everybody_gets_out_and_nothing_stays(uint256 seed) external {
        for (uint256 i = 0; i < 200; ++i) {
            uint256 any = uint256(keccak256(abi.encode(seed, i)));
            _act(any % 24, any >> 8, any >> 72, any >> 136);
        }
        (uint256 left, uint256 roundings) = _handler.end();
        expect(left < roundings, vm.toString(left));
        invariant_no_promise_was_broken_on_the_way();
        invariant_money_is_where_it_belongs();
    }

    function _act(uint256 which, uint256 a, uint256 b, uint256 c) private {
        if (which == 0) _handler.deposit(a, b);
        if (which == 1) _handler.requestWithdrawal(a, b);
        if (which == 2 || which == 3) _handler.withdraw(a);
        if (which == 4 || which == 5) _handler.claim(a, address(uint160(b)));
        if (which == 6) _handler.steal(a, b, uint128(c));
        if (which == 7) _handler.fundCredit(a, b);
        if (which == 8) _handler.collect(a);
        if (which >= 9 && which <= 11) _handler.pass(a);
        if (which >= 12 && which <= 14) _handler.postDay(a);
        if (which == 15 && a % 3 == 0) _handler.voidDay(b, c % 2 == 0);
        if (which == 16 && a % 3 == 0) _handler.slash(b);
        if (which == 17) _handler.fundBond(a);
        if (which == 18) _handler.withdrawBond(a, b % 2 == 0);
        if (which == 19) _handler.moveCredit(a, b, c);
        if (which == 20) _handler.postSlot(a);
        if (which == 21 && a % 3 == 0) _handler.voidSlot(b);
        if (which >= 22) _handler.demand(a, b, c);
    }
}
