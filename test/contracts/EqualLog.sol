// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ReferenceTree} from "./ReferenceTree.sol";

/// @notice A log whose entries are all the same, so that a tree of millions has only one hash for each complete subtree, and true proofs
/// between any two sizes cost a few hashes. For tests of rings and of gas, which are not about the order of entries.
abstract contract EqualLog {
    /// @notice `_complete[h]` is the hash over 2^h entries.
    bytes32[41] private _complete;

    function _fillEqualLog(bytes memory entry) internal {
        _complete[0] = ReferenceTree.leaf(entry);
        for (uint256 height = 1; height < _complete.length; ++height) {
            _complete[height] = ReferenceTree.node(_complete[height - 1], _complete[height - 1]);
        }
    }

    function _rootOf(uint256 n) internal view returns (bytes32) {
        for (uint256 height = 0; height < _complete.length; ++height) {
            if (n == 1 << height) return _complete[height];
        }
        uint256 k = ReferenceTree.split(n);
        return ReferenceTree.node(_rootOf(k), _rootOf(n - k));
    }

    function _pathTo(uint256 m, uint256 n) internal view returns (bytes32[] memory proof) {
        if (n == 1) return proof;
        uint256 k = ReferenceTree.split(n);
        return m < k ? _with(_pathTo(m, k), _rootOf(n - k)) : _with(_pathTo(m - k, n - k), _rootOf(k));
    }

    function _proofBetween(uint256 m, uint256 n) internal view returns (bytes32[] memory) {
        return _subproof(m, n, true);
    }

    function _subproof(uint256 m, uint256 n, bool b) private view returns (bytes32[] memory proof) {
        if (m == n) return b ? proof : _with(proof, _rootOf(n));
        uint256 k = ReferenceTree.split(n);
        return m <= k ? _with(_subproof(m, k, b), _rootOf(n - k)) : _with(_subproof(m - k, n - k, false), _rootOf(k));
    }

    function _with(bytes32[] memory list, bytes32 last) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = last;
    }
}
