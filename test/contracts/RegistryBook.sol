// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnchorRegistry} from "../../contracts/IAnchorRegistry.sol";
import {Check, Vm} from "./Check.sol";

/// @notice Rebuilds the state of a registry from its events and nothing else, and holds it against the words that lie in its storage. Where these are is in contracts/storage/AnchorRegistry.json.
abstract contract RegistryBook is Check {
    uint256 internal constant RING_SIZE = 512;
    uint256 internal constant ROOT_SLOT = 1;
    uint256 internal constant RING_SLOT = 2;
    uint256 internal constant PROPOSED_SLOT = 514;
    uint256 internal constant SUCCESSOR_SLOT = 515;
    uint256 internal constant LOG_SLOTS = 516;

    /// @notice What the events told of a log.
    struct Told {
        address operator;
        uint256 size;
        uint256 anchors;
        bool isClosed;
        bytes32 root;
        address proposed;
        bytes32 successor;
    }

    mapping(bytes32 logId => Told) internal _told;
    mapping(bytes32 logId => mapping(uint256 place => uint256 word)) internal _ringTold;
    bytes32[] internal _opened;

    /// @notice Takes in what the registry emitted, in its order.
    function _readEvents(address registry, Vm.Log[] memory logs) internal {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == registry) _readEvent(logs[i].topics, logs[i].data);
        }
    }

    function _readEvent(bytes32[] memory topics, bytes memory data) private {
        bytes32 logId = topics[1];
        Told storage told = _told[logId];
        if (topics[0] == IAnchorRegistry.Opened.selector) {
            told.operator = _addressOf(topics[2]);
            _opened.push(logId);
        } else if (topics[0] == IAnchorRegistry.Anchored.selector) {
            (bytes32 root, uint64 time) = abi.decode(data, (bytes32, uint64));
            uint256 hash = uint256(keccak256(abi.encode(uint256(topics[2]), time, root)));
            _ringTold[logId][told.anchors % RING_SIZE] = (uint256(time) << 216) | (hash % 2 ** 216);
            told.size = uint256(topics[2]);
            told.root = root;
            ++told.anchors;
        } else if (topics[0] == IAnchorRegistry.OperatorProposed.selector) {
            told.proposed = _addressOf(topics[3]);
        } else if (topics[0] == IAnchorRegistry.ProposalWithdrawn.selector) {
            told.proposed = address(0);
        } else if (topics[0] == IAnchorRegistry.OperatorChanged.selector) {
            told.operator = _addressOf(topics[3]);
            told.proposed = address(0);
        } else {
            expectBytes32(topics[0], IAnchorRegistry.Closed.selector, "the registry has six events");
            told.isClosed = true;
            told.proposed = address(0);
            told.successor = topics[2];
            (uint64 size, bytes32 root) = abi.decode(data, (uint64, bytes32));
            expectUint(size, told.size, "the size at which it was closed");
            expectBytes32(root, told.root, "the root at which it was closed");
        }
    }

    function _addressOf(bytes32 word) private pure returns (address) {
        return address(uint160(uint256(word)));
    }

    /// @notice Where the words of a log begin.
    function _slotOf(bytes32 logId) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(logId, 0)));
    }

    /// @notice Every word of every log that was opened is what the events make of it.
    function _expectStored(address registry) internal view {
        for (uint256 i = 0; i < _opened.length; ++i) {
            bytes32 logId = _opened[i];
            Told storage told = _told[logId];
            uint256 slot = _slotOf(logId);
            uint256 head = uint256(uint160(told.operator)) | (told.size << 160) | (told.anchors << 216);
            if (told.isClosed) head |= 1 << 248;
            _expectWord(registry, slot, head, "head");
            _expectWord(registry, slot + ROOT_SLOT, uint256(told.root), "root");
            _expectWord(registry, slot + PROPOSED_SLOT, uint256(uint160(told.proposed)), "proposed");
            _expectWord(registry, slot + SUCCESSOR_SLOT, uint256(told.successor), "successor");
            // One place more than was ever taken, to see that it is empty.
            for (uint256 place = 0; place < RING_SIZE && place <= told.anchors; ++place) {
                _expectWord(registry, slot + RING_SLOT + place, _ringTold[logId][place], "place of the ring");
            }
        }
    }

    function _expectWord(address registry, uint256 slot, uint256 expected, string memory what) private view {
        expectBytes32(vm.load(registry, bytes32(slot)), bytes32(expected), what);
    }
}
