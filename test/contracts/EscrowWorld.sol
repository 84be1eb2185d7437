// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AnchorRegistry} from "../../contracts/AnchorRegistry.sol";
import {ColdChainEscrow} from "../../contracts/ColdChainEscrow.sol";
import {
    AnchoredHead,
    DecidedBy,
    EscrowStanding,
    EscrowStatus,
    IColdChainEscrow,
    SensorTerms,
    ShipmentTerms,
    ShownEntry
} from "../../contracts/IColdChainEscrow.sol";
import {Check} from "./Check.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {TestToken} from "./TestToken.sol";

/// @notice An escrow, and a log that says of shipments and a sensor what a test wants.
abstract contract EscrowWorld is Check {
    uint40 internal constant START = 1_800_000_000;
    address internal constant BUYER = address(0xb0b);
    address internal constant SELLER = address(0x5e11e);
    address internal constant ARBITER = address(0xa4b);
    address internal constant STRANGER = address(0x577);
    bytes32 internal constant SHIPMENT = keccak256("shipment");
    bytes32 internal constant SENSOR = keccak256("sensor");
    uint128 internal constant AMOUNT = 1_000e6;
    uint32 internal constant WINDOW = 1 days;
    uint48 internal constant MINUTE = 60_000;
    uint48 internal constant LEFT_AT = uint48(START) * 1000;

    AnchorRegistry internal _registry;
    ColdChainEscrow internal _escrow;
    TestToken internal _token;
    bytes32 internal _logId;
    bytes[] internal _log;
    bytes32[] internal _leaves;
    uint256 internal _anchored;
    AnchoredHead internal _head;

    function _build(TestToken token) internal {
        vm.warp(START);
        _registry = new AnchorRegistry(7 days);
        _token = token;
        _escrow = new ColdChainEscrow(_registry, IERC20(address(token)));
        _logId = _registry.open("harbour/1");
    }

    // ---- terms ----

    /// @notice 2 to 8 °C in m°C, 30 minutes tolerated.
    function _terms() internal view returns (ShipmentTerms memory terms) {
        terms.buyer = BUYER;
        terms.seller = SELLER;
        terms.arbiter = ARBITER;
        terms.amount = AMOUNT;
        terms.toSellerAtTimeout = AMOUNT / 4;
        terms.logId = _logId;
        terms.subject = SHIPMENT;
        terms.verdictDueAt = START + 10 days;
        terms.timeoutAt = START + 30 days;
        terms.windowS = WINDOW;
        terms.sensors = new SensorTerms[](1);
        terms.sensors[0] =
            SensorTerms(SENSOR, 30, -3, 2000, 8000, uint32(30 * MINUTE), uint32(15 * MINUTE), LEFT_AT, LEFT_AT + 5 * 1440 * MINUTE);
    }

    function _offer(ShipmentTerms memory terms) internal {
        _token.mint(terms.buyer, terms.amount);
        vm.prank(terms.buyer);
        _token.approve(address(_escrow), terms.amount);
        vm.prank(terms.buyer);
        _escrow.offer(terms);
    }

    function _begin(ShipmentTerms memory terms) internal {
        _offer(terms);
        vm.prank(terms.seller);
        _escrow.accept(terms);
    }

    function _status(ShipmentTerms memory terms) internal view returns (EscrowStatus) {
        return _escrow.standingOf(terms).status;
    }

    function _expectStatus(ShipmentTerms memory terms, EscrowStatus status, string memory what) internal view {
        expectUint(uint256(_status(terms)), uint256(status), what);
    }

    function _expectDecided(ShipmentTerms memory terms, DecidedBy by, uint128 toSeller) internal view {
        EscrowStanding memory standing = _escrow.standingOf(terms);
        expectUint(uint256(standing.status), uint256(EscrowStatus.Decided), "decided");
        expectUint(uint256(standing.by), uint256(by), "by");
        expectUint(standing.toSeller, toSeller, "to the seller");
    }

    // ---- the log ----

    function _entry(uint8 kind, bytes32 subject, uint16 quantity, int8 exponent, uint24 quality, int64 value, uint48 timeMs, uint48 number)
        internal
        view
        returns (bytes memory)
    {
        // Salted by its place, so that no two are alike.
        bytes memory head = abi.encodePacked(kind, uint8(1), bytes16(keccak256(abi.encode(_log.length))), subject, quantity, exponent);
        return abi.encodePacked(head, quality, value, timeMs, uint48(LEFT_AT), number, uint32(0), keccak256("source"));
    }

    function _append(bytes memory entry) internal returns (uint64 index) {
        index = uint64(_log.length);
        _log.push(entry);
        _leaves.push(ReferenceTree.leaf(entry));
    }

    function _stateVerdict(int64 value, uint48 number) internal returns (uint64) {
        return _append(_entry(8, SHIPMENT, 9, 0, 0, value, 0, number));
    }

    function _read(int64 value, uint48 timeMs, uint48 number) internal returns (uint64) {
        return _append(_entry(1, SENSOR, 30, -3, 0, value, timeMs, number));
    }

    /// @dev Of all that was appended so far.
    function _anchor() internal {
        uint256 size = _leaves.length;
        bytes32 root = ReferenceTree.mth(_leaves, 0, size);
        bytes32[] memory proof;
        if (_anchored != 0) proof = ReferenceTree.subproof(_anchored, _leaves, 0, size, true);
        _registry.anchor(_logId, uint64(size), root, proof);
        _anchored = size;
        _head = AnchoredHead(uint64(size), uint64(block.timestamp), root);
    }

    function _shown(uint64 index) internal view returns (ShownEntry memory shown) {
        shown.index = index;
        shown.leafData = _log[index];
        shown.inclusionProof = ReferenceTree.path(index, _leaves, 0, _anchored);
    }

    function _shownFrom(uint64 index, uint256 count) internal view returns (ShownEntry[] memory shown) {
        shown = new ShownEntry[](count);
        for (uint64 i = 0; i < count; ++i) {
            shown[i] = _shown(index + i);
        }
    }

    /// @dev States, anchors and shows a verdict.
    function _verdict(ShipmentTerms memory terms, int64 value, uint48 number) internal {
        uint64 index = _stateVerdict(value, number);
        _anchor();
        _escrow.showVerdict(terms, _head, _shown(index));
    }
}
