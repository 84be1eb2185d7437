// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MarketTree} from "./MarketTree.sol";

/// @notice A market's tree of thousands of leaves of which only a few are of their own kind: the others alternate between two, so that a tree of any depth costs a few
/// hashes. For tests of gas, which are not about what the leaves say.
abstract contract SparseTree {
    struct Sparse {
        uint8 kind;
        uint256 count;
        uint256 depth;
        MarketTree.Node[2] usual;
        MarketTree.Node pad;
        uint256[] places; // of the leaves of their own kind
        MarketTree.Node[] own;
        MarketTree.Node[] usualAt; // by level, from 0
        MarketTree.Node[] padAt;
    }

    function _prepare(Sparse memory tree) internal pure {
        uint256 depth;
        while (1 << depth < tree.count) ++depth;
        tree.depth = depth;
        tree.usualAt = new MarketTree.Node[](depth + 1);
        tree.padAt = new MarketTree.Node[](depth + 1);
        tree.padAt[0] = tree.pad;
        for (uint256 level = 1; level <= depth; ++level) {
            (MarketTree.Node memory left, MarketTree.Node memory right) =
                level == 1 ? (tree.usual[0], tree.usual[1]) : (tree.usualAt[level - 1], tree.usualAt[level - 1]);
            tree.usualAt[level] = MarketTree.parent(tree.kind, left, right);
            tree.padAt[level] = MarketTree.parent(tree.kind, tree.padAt[level - 1], tree.padAt[level - 1]);
        }
    }

    function _nodeOf(Sparse memory tree, uint256 level, uint256 first) internal pure returns (MarketTree.Node memory) {
        uint256 end = first + (1 << level);
        bool hasOwn;
        for (uint256 i = 0; i < tree.places.length; ++i) {
            if (tree.places[i] < first || tree.places[i] >= end) continue;
            if (level == 0) return tree.own[i];
            hasOwn = true;
        }
        if (!hasOwn && first >= tree.count) return tree.padAt[level];
        if (level == 0) return tree.usual[first % 2];
        if (!hasOwn && end <= tree.count) return tree.usualAt[level];
        return MarketTree.parent(tree.kind, _nodeOf(tree, level - 1, first), _nodeOf(tree, level - 1, first + (1 << (level - 1))));
    }

    function _rootOf(Sparse memory tree) internal pure returns (MarketTree.Node memory) {
        return _nodeOf(tree, tree.depth, 0);
    }

    function _pathOf(Sparse memory tree, uint256 index) internal pure returns (bytes memory path) {
        for (uint256 level = 0; level < tree.depth; ++level) {
            path = bytes.concat(path, MarketTree.item(tree.kind, _nodeOf(tree, level, ((index >> level) ^ 1) << level)));
        }
    }
}
