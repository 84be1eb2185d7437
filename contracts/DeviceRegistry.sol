// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Binding, IDeviceRegistry, Terms, Word} from "./IDeviceRegistry.sol";
import {MarketSignature} from "./MarketSignature.sol";

/// @title Says to whom a device of a log belongs, and which key and which certificate it has, once the log's opener and the owner both said so.
/// @notice No owner, no upgrade, no pause, no fee, no funds: one deployment serves every log of every AnchorRegistry of its chain.
/// @dev Asks no AnchorRegistry: a log's id is a hash over its opener, so showing what the id is made of shows who speaks for the log. Whether the log was opened and is anchored is for the reader to look up. Calls nothing but
/// accounts that are contracts, for their ERC-1271 signatures, and those without the right to change anything.
contract DeviceRegistry is IDeviceRegistry {
    bytes32 private constant DOMAIN_TYPE = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant DOMAIN_NAME = keccak256("Kedge Device Registry");
    bytes32 private constant DOMAIN_VERSION = keccak256("1");
    bytes32 private constant TERMS_TYPE = keccak256(
        "DeviceBinding(address anchorRegistry,address opener,string origin,string device,address owner,bytes32 keyHash,bytes32 certificateHash,bool openerRotates,bytes32 history,uint64 validUntil)"
    );

    mapping(bytes32 logId => mapping(bytes32 device => Binding)) private _bindings;
    /// @dev The word for terms that never take effect stays: one slot, which its speaker paid for.
    mapping(bytes32 digest => mapping(address side => Word)) private _words;

    constructor() {
        // Milliseconds would not fit into 40 bits. In seconds they last for thirty thousand years, so no later check is needed.
        if (block.timestamp >> 40 != 0) revert TimeNotInSeconds(block.timestamp);
    }

    /// @inheritdoc IDeviceRegistry
    function bind(Terms calldata terms) external returns (bool bound) {
        (bytes32 logId, address other) = _check(terms);
        bytes32 digest = digestOf(terms);
        if (other != msg.sender && _words[digest][other] != Word.Said) {
            _words[digest][msg.sender] = Word.Said;
            emit Proposed(logId, terms.device, msg.sender, terms);
            return false;
        }
        delete _words[digest][other];
        _bind(logId, terms);
        return true;
    }

    /// @inheritdoc IDeviceRegistry
    function bindSigned(Terms calldata terms, bytes calldata signature) external {
        (bytes32 logId, address other) = _check(terms);
        bytes32 digest = digestOf(terms);
        if (_words[digest][other] == Word.Withdrawn || !MarketSignature.isBy(other, digest, signature)) revert NotSigned(other, digest);
        _bind(logId, terms);
    }

    /// @inheritdoc IDeviceRegistry
    function withdraw(Terms calldata terms) external {
        if (msg.sender != terms.opener && msg.sender != terms.owner) revert NotASide(msg.sender, terms.opener, terms.owner);
        bytes32 digest = digestOf(terms);
        _words[digest][msg.sender] = Word.Withdrawn;
        emit Withdrawn(logIdOf(terms.anchorRegistry, terms.opener, terms.originHash), terms.device, msg.sender, digest);
    }

    /// @inheritdoc IDeviceRegistry
    function rotate(address anchorRegistry, bytes32 originHash, bytes32 device, bytes32 keyHash, bytes32 certificateHash) external {
        // An id that is made with the caller's own address can only be that of the caller's own log.
        bytes32 logId = logIdOf(anchorRegistry, msg.sender, originHash);
        Binding storage binding = _bindings[logId][device];
        address owner = binding.owner;
        if (owner == address(0)) revert NotBound(logId, device);
        if (!binding.openerRotates) revert OwnerNotAsked(logId, device, owner);
        if (binding.keyHash == keyHash && binding.certificateHash == certificateHash) revert NothingChanges(logId, device);
        _change(logId, device, owner, keyHash, certificateHash, true);
    }

    /// @inheritdoc IDeviceRegistry
    function fixKeys(bytes32 logId, bytes32 device) external {
        Binding storage binding = _bindings[logId][device];
        address owner = binding.owner;
        if (owner == address(0)) revert NotBound(logId, device);
        if (msg.sender != owner) revert NotASide(msg.sender, address(0), owner);
        if (!binding.openerRotates) revert NothingChanges(logId, device);
        _change(logId, device, owner, binding.keyHash, binding.certificateHash, false);
    }

    /// @inheritdoc IDeviceRegistry
    function unbind(address anchorRegistry, address opener, bytes32 originHash, bytes32 device) external {
        bytes32 logId = logIdOf(anchorRegistry, opener, originHash);
        address owner = _bindings[logId][device].owner;
        if (owner == address(0)) revert NotBound(logId, device);
        if (msg.sender != opener && msg.sender != owner) revert NotASide(msg.sender, opener, owner);
        _change(logId, device, address(0), 0, 0, false);
    }

    /// @inheritdoc IDeviceRegistry
    function bindingOf(bytes32 logId, bytes32 device) external view returns (Binding memory) {
        return _bindings[logId][device];
    }

    /// @inheritdoc IDeviceRegistry
    function wordOf(bytes32 digest, address side) external view returns (Word) {
        return _words[digest][side];
    }

    /// @inheritdoc IDeviceRegistry
    function logIdOf(address anchorRegistry, address opener, bytes32 originHash) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, anchorRegistry, opener, originHash));
    }

    /// @inheritdoc IDeviceRegistry
    function digestOf(Terms calldata terms) public view returns (bytes32) {
        // The members stand in the order of the type, and all of them fill one word each.
        return keccak256(abi.encodePacked(hex"1901", domainSeparator(), keccak256(abi.encode(TERMS_TYPE, terms))));
    }

    /// @inheritdoc IDeviceRegistry
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, DOMAIN_NAME, DOMAIN_VERSION, block.chainid, address(this)));
    }

    /// @inheritdoc IDeviceRegistry
    function historyAfter(
        bytes32 history,
        bytes32 logId,
        bytes32 device,
        address owner,
        bytes32 keyHash,
        bytes32 certificateHash,
        bool openerRotates,
        address by,
        uint40 time
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(history, logId, device, owner, keyHash, certificateHash, openerRotates, by, time));
    }

    /// @dev Whether the caller may say these terms now; gives the log, and the side that is not the caller.
    function _check(Terms calldata terms) private view returns (bytes32 logId, address other) {
        logId = logIdOf(terms.anchorRegistry, terms.opener, terms.originHash);
        if (terms.owner == address(0)) revert OwnerMissing(logId, terms.device);
        if (msg.sender == terms.opener) other = terms.owner;
        else if (msg.sender == terms.owner) other = terms.opener;
        else revert NotASide(msg.sender, terms.opener, terms.owner);
        if (block.timestamp > terms.validUntil) revert TermsExpired(terms.validUntil, block.timestamp);
        Binding storage binding = _bindings[logId][terms.device];
        bytes32 history = binding.history;
        if (history != terms.history) revert HistoryMoved(logId, terms.device, terms.history, history);
        address owner = binding.owner;
        if (owner != address(0) && owner != terms.owner) revert BoundToAnother(logId, terms.device, owner);
    }

    function _bind(bytes32 logId, Terms calldata terms) private {
        _change(logId, terms.device, terms.owner, terms.keyHash, terms.certificateHash, terms.openerRotates);
    }

    /// @dev The only place that changes a binding, so that no change is without its event and its place in the history.
    function _change(bytes32 logId, bytes32 device, address owner, bytes32 keyHash, bytes32 certificateHash, bool openerRotates) private {
        Binding storage binding = _bindings[logId][device];
        address before = binding.owner;
        uint40 previousTime = binding.changedAt;
        uint40 time = uint40(block.timestamp);
        if (owner != before) {
            binding.owner = owner;
            binding.boundSince = owner == address(0) ? 0 : time;
        }
        binding.changedAt = time;
        binding.openerRotates = openerRotates;
        binding.keyHash = keyHash;
        binding.certificateHash = certificateHash;
        binding.history = historyAfter(binding.history, logId, device, owner, keyHash, certificateHash, openerRotates, msg.sender, time);
        if (owner == address(0)) emit Unbound(logId, device, before, msg.sender, time, previousTime);
        else emit Bound(logId, device, owner, keyHash, certificateHash, openerRotates, msg.sender, time, previousTime);
    }
}
