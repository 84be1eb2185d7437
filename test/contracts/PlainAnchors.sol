// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The least that can be done to anchor a head: say it. No contract can ask for it, and nothing is checked.
contract EventAnchor {
    event Anchored(bytes32 indexed logId, uint64 indexed size, bytes32 root, uint64 time);

    function anchor(bytes32 logId, uint64 size, bytes32 root) external {
        emit Anchored(logId, size, root, uint64(block.timestamp));
    }
}

/// @notice What is done most often: a root is stored for each size, for ever, and nothing is checked but that the place was empty.
contract StoredRootAnchor {
    event Anchored(bytes32 indexed logId, uint64 indexed size, bytes32 root, uint64 time);

    error AlreadyAnchored(bytes32 logId, uint64 size);

    mapping(bytes32 logId => mapping(uint64 size => bytes32 root)) public rootOf;

    function anchor(bytes32 logId, uint64 size, bytes32 root) external {
        if (rootOf[logId][size] != 0) revert AlreadyAnchored(logId, size);
        rootOf[logId][size] = root;
        emit Anchored(logId, size, root, uint64(block.timestamp));
    }
}
